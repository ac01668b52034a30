namespace GmailCluster.Deployment.Tests;

/// <summary>The repository that the tests were built from.</summary>
internal static class RepositoryRoot
{
    public static string Folder { get; } = Find(AppContext.BaseDirectory);

    public static string At(params string[] parts) => Path.Combine([Folder, .. parts]);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "GmailCluster.sln"))
            ? folder
            : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException($"GmailCluster.sln is in no folder above {AppContext.BaseDirectory}."));
}
