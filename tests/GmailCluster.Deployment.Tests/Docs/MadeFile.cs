namespace GmailCluster.Deployment.Tests.Docs;

/// <summary>A file in the repository that is made from others. GMAILCLUSTER_UPDATE_DOCS=1 writes it anew.</summary>
internal static class MadeFile
{
    public static async Task IsFresh(string path, string made)
    {
        if (Environment.GetEnvironmentVariable("GMAILCLUSTER_UPDATE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, made, TestContext.Current.CancellationToken);
        }

        Assert.True(
            File.Exists(path) && await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken) == made,
            $"{Path.GetRelativePath(RepositoryRoot.Folder, path)} is not what its sources make. Run the tests with GMAILCLUSTER_UPDATE_DOCS=1 and commit it.");
    }
}
