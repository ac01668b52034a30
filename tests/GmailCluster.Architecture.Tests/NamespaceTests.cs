namespace GmailCluster.Architecture.Tests;

/// <summary>A type is found where its name says: namespace = project and folder.</summary>
public sealed class NamespaceTests
{
    public static TheoryData<string> Projects => [.. ProjectArrows.Allowed.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Namespaces_follow_folders(string project)
    {
        var folder = ProjectArrows.FolderOf(project);
        var root = project == "Abstractions" ? "GmailCluster" : $"GmailCluster.{project}";
        var folders = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, Path.GetDirectoryName(file)!))
            .Where(path => path.Split('/')[0] is not ("bin" or "obj"))
            .Select(path => path == "." ? root : $"{root}.{path.Replace('/', '.')}")
            .ToHashSet();

        var strays = ProjectArrows.AssemblyOf(project).GetTypes()
            .Where(type => type.Namespace?.StartsWith("GmailCluster", StringComparison.Ordinal) == true && !folders.Contains(type.Namespace))
            .Select(type => type.FullName);

        Assert.Empty(strays);
    }
}
