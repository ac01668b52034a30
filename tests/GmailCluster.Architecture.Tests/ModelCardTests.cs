using System.Text.RegularExpressions;

namespace GmailCluster.Architecture.Tests;

/// <summary>The pages per model family claim proofs by name: the names must be those of tests, and links must lead somewhere.</summary>
public sealed partial class ModelCardTests
{
    private static readonly string Root = FindRoot(AppContext.BaseDirectory);

    public static TheoryData<string> Pages => [.. Directory.EnumerateFiles(Path.Combine(Root, "docs", "models"), "*.md").Select(page => Path.GetFileName(page)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_test_that_a_page_names_exists(string page)
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories).ToLookup(path => Path.GetFileNameWithoutExtension(path));
        var named = TestName().Matches(File.ReadAllText(Path.Combine(Root, "docs", "models", page)));

        Assert.NotEmpty(named);
        foreach (Match test in named)
        {
            var (type, method) = (test.Groups["type"].Value, test.Groups["method"].Value);
            Assert.True(sources[type].Any(path => File.ReadAllText(path).Contains($" {method}(", StringComparison.Ordinal) || method.Length == 0), $"{page} names {test.Value}, which is no test.");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_of_a_page_leads_to_a_file(string page)
    {
        var folder = Path.Combine(Root, "docs", "models");

        foreach (Match link in Link().Matches(File.ReadAllText(Path.Combine(folder, page))))
        {
            Assert.True(File.Exists(Path.Combine(folder, link.Groups["path"].Value)), $"{page} links {link.Groups["path"].Value}, which is not there.");
        }
    }

    private static string FindRoot(string folder) =>
        File.Exists(Path.Combine(folder, "GmailCluster.sln")) ? folder : FindRoot(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run from within the repository."));

    [GeneratedRegex(@"`(?<type>\w+Tests)(\.(?<method>\w+))?`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"\]\((?<path>[^):#]+)\)")]
    private static partial Regex Link();
}
