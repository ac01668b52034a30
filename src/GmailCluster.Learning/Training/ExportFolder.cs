namespace GmailCluster.Learning.Training;

/// <summary>Runs a writer that fills a folder, and takes the folder's files as bytes by relative path.</summary>
internal static class ExportFolder
{
    public static IReadOnlyDictionary<string, byte[]> Files(Action<string> save)
    {
        var folder = Directory.CreateTempSubdirectory("gmailcluster-export-").FullName;
        try
        {
            save(folder);
            return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .ToDictionary(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'), File.ReadAllBytes);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
