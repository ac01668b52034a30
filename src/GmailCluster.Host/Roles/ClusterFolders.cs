namespace GmailCluster.Host.Roles;

/// <summary>Folders of this machine that are used when nobody names others.</summary>
public static class ClusterFolders
{
    /// <summary>For what is fetched from the store: <c>$XDG_CACHE_HOME/gmailcluster</c> or <c>~/.cache/gmailcluster</c>.</summary>
    public static string Cache => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "gmailcluster");
}
