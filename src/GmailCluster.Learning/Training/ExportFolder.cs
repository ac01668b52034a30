namespace GmailCluster.Learning.Training;

/// <summary>Runs a writer that fills a folder, and takes the folder's files as bytes by relative path.</summary>
internal static class ExportFolder
{
    /// <summary>Files of several makers as one folder; no two have the same name.</summary>
    public static IReadOnlyDictionary<string, byte[]> Join(params IReadOnlyDictionary<string, byte[]>[] parts)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (path, content) in parts.SelectMany(part => part))
        {
            files.Add(path, content);
        }

        return files;
    }

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
