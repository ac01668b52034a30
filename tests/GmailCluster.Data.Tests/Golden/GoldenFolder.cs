namespace GmailCluster.Golden;

/// <summary>Where the reference outputs and the samples are. Missing data fails a test: it never skips it.</summary>
public static class GoldenFolder
{
    private static readonly string Repository = FindRepository();

    /// <summary>The folder named by GMAILCLUSTER_GOLDENS, else the repository's own.</summary>
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("GMAILCLUSTER_GOLDENS") is { Length: > 0 } set ? set : System.IO.Path.Combine(Repository, "tests", "goldens");

    public static string Under(params ReadOnlySpan<string> parts) => Existing(System.IO.Path.Combine([Root, .. parts]));

    public static string Sample(params ReadOnlySpan<string> parts) => Existing(System.IO.Path.Combine([Repository, "samples", .. parts]));

    private static string Existing(string path)
    {
        Assert.True(Directory.Exists(path) || File.Exists(path), $"There is no '{path}'.");
        return path;
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "GmailCluster.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No GmailCluster.sln above '{AppContext.BaseDirectory}'.");
    }
}
