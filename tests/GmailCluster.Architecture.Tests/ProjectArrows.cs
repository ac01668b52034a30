using System.Reflection;

namespace GmailCluster.Architecture.Tests;

/// <summary>Which project may use which: the table of the design, section 3. An arrow not written here is forbidden.</summary>
internal static class ProjectArrows
{
    /// <summary>Direct references of each project under src/.</summary>
    public static IReadOnlyDictionary<string, string[]> Allowed { get; } = new Dictionary<string, string[]>
    {
        ["Abstractions"] = [],
        ["Models"] = ["Abstractions"],
        ["Data"] = ["Abstractions"],
        ["Learning"] = ["Models", "Data"],
        ["Cluster"] = ["Learning"],
        ["Reporting"] = ["Abstractions", "Data"],
        ["Host"] = ["Cluster", "Reporting"],
        ["Cli"] = ["Host"],
    };

    /// <summary>Everything that a project may use, at any distance.</summary>
    public static IEnumerable<string> Reachable(string project) => Allowed[project].SelectMany(near => Reachable(near).Prepend(near)).Distinct();

    /// <summary>The built assembly of a project.</summary>
    public static Assembly AssemblyOf(string project) => Assembly.Load(project == "Cli" ? "gmailcluster" : $"GmailCluster.{project}");

    /// <summary>The project's folder under src/.</summary>
    public static string FolderOf(string project) => Path.Combine(Root(AppContext.BaseDirectory), "src", $"GmailCluster.{project}");

    /// <summary>The project names of src/, as found on disk.</summary>
    public static IEnumerable<string> OnDisk() =>
        Directory.EnumerateDirectories(Path.Combine(Root(AppContext.BaseDirectory), "src"), "GmailCluster.*").Select(folder => Path.GetFileName(folder)["GmailCluster.".Length..]);

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "GmailCluster.sln"))
            ? folder
            : Root(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException($"GmailCluster.sln is in no folder above {AppContext.BaseDirectory}."));
}
