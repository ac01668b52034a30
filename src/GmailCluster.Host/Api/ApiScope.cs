namespace GmailCluster.Host.Api;

/// <summary>What a token allows. Each includes those before it.</summary>
public enum ApiScope
{
    /// <summary>Look at everything.</summary>
    Read = 1,

    /// <summary>Submit, cancel and resume as well.</summary>
    Write = 2,
}
