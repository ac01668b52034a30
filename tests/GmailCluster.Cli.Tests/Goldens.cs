namespace GmailCluster.Cli.Tests;

/// <summary>Reference files: those of the repository, or the folder that GMAILCLUSTER_GOLDENS names.</summary>
internal static class Goldens
{
    public static string At(params string[] parts) =>
        Path.Combine([Environment.GetEnvironmentVariable("GMAILCLUSTER_GOLDENS") is { Length: > 0 } folder ? folder : RepositoryRoot.At("tests", "goldens"), .. parts]);
}
