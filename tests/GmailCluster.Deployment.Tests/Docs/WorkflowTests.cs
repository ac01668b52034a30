using System.Text.RegularExpressions;
using GmailCluster.Deployment.Tests.Image;
using YamlDotNet.RepresentationModel;

namespace GmailCluster.Deployment.Tests.Docs;

/// <summary>The workflows name things that are there.</summary>
public sealed partial class WorkflowTests
{
    public static TheoryData<string> Workflows { get; } =
        [.. Directory.GetFiles(RepositoryRoot.At(".github", "workflows")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Workflows))]
    public async Task Steps_use_actions_of_a_version_and_files_of_the_repository(string workflow)
    {
        var text = await File.ReadAllTextAsync(RepositoryRoot.At(".github", "workflows", workflow), TestContext.Current.CancellationToken);
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        var jobs = (YamlMappingNode)((YamlMappingNode)yaml.Documents[0].RootNode)["jobs"];

        var steps = jobs.Children.Values.Cast<YamlMappingNode>().SelectMany(job => (YamlSequenceNode)job["steps"]).Cast<YamlMappingNode>().ToList();

        Assert.All(steps.Where(step => step.Children.ContainsKey("uses")), step => Assert.Matches(@"^[\w-]+/[\w-]+@v\d+$", step["uses"].ToString()));
        var paths = steps.Where(step => step.Children.ContainsKey("run")).SelectMany(step => RepositoryPath().Matches(step["run"].ToString())).Select(match => match.Value);
        Assert.All(paths, path => Assert.True(Path.Exists(RepositoryRoot.At(path)), path));
        var needed = jobs.Children.Values.Cast<YamlMappingNode>().Where(job => job.Children.ContainsKey("needs"))
            .SelectMany(job => job["needs"] is YamlSequenceNode list ? list.Select(one => one.ToString()) : [job["needs"].ToString()]);
        Assert.All(needed, job => Assert.Contains(job, jobs.Children.Keys.Select(key => key.ToString())));
    }

    [Fact]
    public async Task A_release_builds_every_target_of_the_dockerfile_with_an_sbom()
    {
        var text = await File.ReadAllTextAsync(RepositoryRoot.At(".github", "workflows", "release.yml"), TestContext.Current.CancellationToken);

        var targets = Dockerfile.Read(RepositoryRoot.At("Dockerfile")).Stages.Where(stage => stage is "cpu" or "cuda");
        Assert.Equal(targets.Order(), Target().Matches(text).Select(match => match.Groups[1].Value).Order());
        Assert.Contains("sbom: true", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_and_chart_have_one_version()
    {
        var program = await File.ReadAllTextAsync(RepositoryRoot.At("Directory.Build.props"), TestContext.Current.CancellationToken);
        var chart = await File.ReadAllTextAsync(RepositoryRoot.At("helm", "gmailcluster", "Chart.yaml"), TestContext.Current.CancellationToken);
        var version = Version().Match(program).Groups[1].Value;

        Assert.Contains($"\nversion: {version}\n", chart, StringComparison.Ordinal);
        Assert.Contains($"\nappVersion: {version}\n", chart, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"(?<![\w/.-])(helm/gmailcluster|k8s|samples|src|tests)(/[\w.-]+)*(?=[\s""]|$)")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"\{target: (\w+),")]
    private static partial Regex Target();

    [GeneratedRegex("<Version>(.+)</Version>")]
    private static partial Regex Version();
}
