namespace GmailCluster.Host.Api;

/// <summary>Who makes a request.</summary>
/// <param name="Name">The name beside the token, or the address of one who needs none.</param>
/// <param name="Scope">What the caller may do.</param>
internal sealed record ApiCaller(string Name, ApiScope Scope);
