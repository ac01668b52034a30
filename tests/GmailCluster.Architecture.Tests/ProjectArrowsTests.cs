using System.Xml.Linq;

namespace GmailCluster.Architecture.Tests;

public sealed class ProjectArrowsTests
{
    public static TheoryData<string> Projects => [.. ProjectArrows.Allowed.Keys];

    [Fact]
    public void Every_project_has_its_row() => Assert.Equal(ProjectArrows.Allowed.Keys.Order(), ProjectArrows.OnDisk().Order());

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_file_names_only_the_projects_it_may_use(string project)
    {
        var file = XDocument.Load(Path.Combine(ProjectArrows.FolderOf(project), $"GmailCluster.{project}.csproj"));

        var named = file.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)["GmailCluster.".Length..]);

        Assert.Empty(named.Except(ProjectArrows.Allowed[project]));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void An_assembly_uses_only_what_lies_below_it(string project)
    {
        var used = ProjectArrows.AssemblyOf(project).GetReferencedAssemblies()
            .Select(name => name.Name!)
            .Where(name => name.StartsWith("GmailCluster.", StringComparison.Ordinal))
            .Select(name => name["GmailCluster.".Length..]);

        Assert.Empty(used.Except(ProjectArrows.Reachable(project)));
    }
}
