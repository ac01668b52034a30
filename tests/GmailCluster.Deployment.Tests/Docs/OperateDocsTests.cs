using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using GmailCluster.Deployment.Tests.Chart;
using YamlDotNet.RepresentationModel;

namespace GmailCluster.Deployment.Tests.Docs;

/// <summary>The operator's pages name pages, values and alerts that are there.</summary>
public sealed partial class OperateDocsTests
{
    private const string AlertsMark = "| alert | severity | when |\n| --- | --- | --- |\n";

    public static TheoryData<string> Pages { get; } =
    [
        .. Directory.GetFiles(RepositoryRoot.At("docs", "operate"), "*.md", SearchOption.AllDirectories)
            .Append(RepositoryRoot.At("k8s", "README.md")).Append(ChartReadme.Path)
            .Select(file => Path.GetRelativePath(RepositoryRoot.Folder, file)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Links_lead_to_files_and_headings(string page)
    {
        var text = await File.ReadAllTextAsync(RepositoryRoot.At(page), TestContext.Current.CancellationToken);

        foreach (var link in Link().Matches(text).Select(match => match.Groups[1].Value).Where(link => !link.StartsWith("http", StringComparison.Ordinal)))
        {
            var parts = link.Split('#');
            var target = parts[0].Length == 0 ? RepositoryRoot.At(page) : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(RepositoryRoot.At(page))!, parts[0]));
            Assert.True(Path.Exists(target), $"{page}: {link}");
            if (parts.Length > 1)
            {
                Assert.Contains(parts[1], Heading().Matches(await File.ReadAllTextAsync(target, TestContext.Current.CancellationToken)).Select(match => Anchor(match.Groups[1].Value)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Values_of_the_chart_that_are_named_exist(string page)
    {
        var text = await File.ReadAllTextAsync(RepositoryRoot.At(page), TestContext.Current.CancellationToken);
        var known = ChartValue.All.Select(value => value.Path).ToHashSet();
        var sections = known.Select(path => path.Split('.')[0]).Where(name => name is not "store").ToHashSet();

        var named = Value().Matches(text).Select(match => match.Groups[1].Value).Where(name => sections.Contains(name.Split('.')[0]) && name.Split('.')[^1] is not ("json" or "crt" or "key"));

        Assert.All(named, name => Assert.True(
            known.Any(path => path == name || path.StartsWith($"{name}.", StringComparison.Ordinal) || name.StartsWith($"{path}.", StringComparison.Ordinal)),
            $"{page}: {name}"));
    }

    [Fact]
    public async Task The_page_on_monitoring_lists_every_alert()
    {
        var path = RepositoryRoot.At("docs", "operate", "monitor.md");
        var page = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var yaml = new YamlStream();
        yaml.Load(new StringReader(await File.ReadAllTextAsync(Path.Combine(HelmChart.Folder, "alerts", "alerts.yaml"), TestContext.Current.CancellationToken)));
        var table = new StringBuilder();
        foreach (var alert in (YamlSequenceNode)yaml.Documents[0].RootNode["alerts"])
        {
            var meaning = await File.ReadAllTextAsync(RepositoryRoot.At("docs", "operate", "runbooks", $"{alert["alert"]}.md"), TestContext.Current.CancellationToken);
            var first = Sentence().Match(meaning[meaning.IndexOf("## What it means", StringComparison.Ordinal)..]).Groups[1].Value.Replace('\n', ' ');
            table.Append(CultureInfo.InvariantCulture, $"| [{alert["alert"]}](runbooks/{alert["alert"]}.md) | {alert["severity"]} | {first} |\n");
        }

        var start = page.IndexOf(AlertsMark, StringComparison.Ordinal) + AlertsMark.Length;
        await MadeFile.IsFresh(path, page[..start] + table + page[page.IndexOf("\n`GmailClusterSilosMissing`", StringComparison.Ordinal)..]);
    }

    private static string Anchor(string heading) =>
        string.Concat(heading.ToLowerInvariant().Where(letter => char.IsLetterOrDigit(letter) || letter is ' ' or '-')).Replace(' ', '-');

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"`([a-zA-Z]+(?:\.[a-zA-Z]+)+)(?:: \w+)?`")]
    private static partial Regex Value();

    [GeneratedRegex(@"means\n\n(.+?[.:])\s", RegexOptions.Singleline)]
    private static partial Regex Sentence();
}
