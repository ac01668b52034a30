using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using GmailCluster.Reporting.Report;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Tests.Report;

public partial class ReportWriterTests
{
    [Fact]
    public void A_full_report_has_every_part()
    {
        var html = Render(SyntheticResults.Full);

        foreach (var id in new[] { "arms", "gap", "map", "scaling", "pictures", "training", "time", "reproduce" })
        {
            Assert.Contains($"<section id=\"{id}\"", html, StringComparison.Ordinal);
            Assert.Contains($"<a href=\"#{id}\">", html, StringComparison.Ordinal);
        }

        Assert.Contains("emoji-full", html, StringComparison.Ordinal);
        foreach (var artifact in SyntheticResults.Full.Artifacts)
        {
            Assert.Contains(artifact.Sha256, html, StringComparison.Ordinal);
            Assert.Contains(artifact.Key, html, StringComparison.Ordinal);
        }

        foreach (var pair in SyntheticResults.Full.Pairs)
        {
            Assert.Contains(Convert.ToBase64String(pair.RealPng), html, StringComparison.Ordinal);
            Assert.Contains($"alt=\"Generated picture: {pair.Caption}\"", html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Figures_in_the_table_are_mean_and_spread_over_seeds()
    {
        var html = Render(SyntheticResults.Full);
        var values = SyntheticResults.Full.Metrics
            .Where(metric => metric is { Task: "caption", Dataset: "test-novel", Metric: "CIDEr", Arm: Arm.Gmail, Sweep: null })
            .Select(metric => metric.Value).ToArray();
        var mean = values.Average();
        var spread = Math.Sqrt(values.Sum(value => Math.Pow(value - mean, 2)) / (values.Length - 1));

        Assert.Equal(3, values.Length);
        Assert.Contains(FormattableString.Invariant($"<td class=\"best split\">{mean:F1} <small>± {spread:F1}</small>"), html, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_one_file_that_asks_for_nothing()
    {
        var html = Render(SyntheticResults.Full);

        Assert.DoesNotContain("http", html.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", html, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<link", html, StringComparison.Ordinal);
        Assert.All(Sources().Matches(html), match => Assert.StartsWith("data:image/png;base64,", match.Groups[1].Value, StringComparison.Ordinal));
        Assert.Contains("default-src 'none'", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_markup_is_well_formed()
    {
        var html = Render(SyntheticResults.Full);

        // Void elements closed and bare attributes filled, the report is XML: every tag is closed in order, every quote escaped.
        var xml = Void().Replace(html.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal), "<$1$2/>").Replace(" hidden>", " hidden=\"\">", StringComparison.Ordinal);
        xml = Script().Replace(xml, "").Replace("&copy;", "", StringComparison.Ordinal);
        var document = XDocument.Parse(xml);

        var ids = document.Descendants().Attributes("id").Select(id => id.Value).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(document.Descendants("img"), image => Assert.NotEqual("", image.Attribute("alt")!.Value));
        Assert.All(document.Descendants("svg"), svg => Assert.True(svg.Attribute("aria-label")?.Value.Length > 10 || svg.Attribute("aria-hidden") is not null));
        Assert.All(document.Descendants("table"), table =>
        {
            Assert.NotNull(table.Element("caption"));
            Assert.All(table.Descendants("tr").Where(row => row.Parent!.Name == "tbody"), row => Assert.Equal("row", row.Element("th")?.Attribute("scope")?.Value));
            Assert.Equal("scroll", table.Parent!.Attribute("class")?.Value);
        });
    }

    [Fact]
    public void Text_from_anywhere_is_shown_and_never_run()
    {
        const string Attack = "<script>alert(1)</script>\"><img src=x onerror=alert(2)> ' & {{x}} \u0001";
        var results = SyntheticResults.Full with
        {
            Name = Attack,
            Description = Attack,
            SpecYaml = Attack,
            Pairs = [SyntheticResults.Full.Pairs[0] with { Caption = Attack, Id = Attack, Captions = [new ArmCaption(Arm.Gmail, Attack)] }],
            Metrics = [.. SyntheticResults.Full.Metrics.Select(metric => metric with { Task = metric.Task == "llava" ? Attack : metric.Task, Dataset = Attack, Metric = metric.Metric + Attack })],
            Map = SyntheticResults.Full.Map! with { Points = [.. SyntheticResults.Full.Map!.Points.Select(point => point with { Id = Attack })] },
            Stages = [.. SyntheticResults.Full.Stages.Select(stage => stage with { Unit = Attack })],
            Curves = [.. SyntheticResults.Full.Curves.Select(curve => curve with { Stage = Attack, Name = Attack })],
            Artifacts = [.. SyntheticResults.Full.Artifacts.Select(artifact => artifact with { Stage = Attack, Key = Attack, Sha256 = Attack })],
            Gap = [.. SyntheticResults.Full.Gap.Select(gap => gap with { Dataset = Attack })],
            Host = SyntheticResults.Full.Host with { Device = Attack },
        };

        var html = Render(results);

        Assert.Single(Regex.Matches(html, "<script"));
        Assert.DoesNotContain("<img src=x", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("\u0001", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&lt;img src=x onerror=alert(2)&gt; &#39; &amp; {{x}}", html, StringComparison.Ordinal);
        Assert.All(Tags().Matches(html), tag => Assert.DoesNotContain("onerror=", Quoted().Replace(tag.Value, ""), StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void The_same_results_give_the_same_bytes() => Assert.Equal(Render(SyntheticResults.Full), Render(SyntheticResults.Full));

    [Fact]
    public void A_report_of_nothing_still_says_how_to_reproduce_it()
    {
        var html = Render(SyntheticResults.Bare);

        Assert.Contains("Nothing was evaluated.", html, StringComparison.Ordinal);
        Assert.Contains("name: bare", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<section id=\"arms\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public void One_seed_is_called_one_seed()
    {
        var html = Render(SyntheticResults.OneSeed);

        Assert.Contains("With one seed, gmail scores above naive on", html, StringComparison.Ordinal);
        Assert.DoesNotContain("±", Tables().Match(html).Value, StringComparison.Ordinal);
    }

    [Fact]
    public void The_headline_counts_what_the_seeds_support()
    {
        var headline = Overview.Headline(SyntheticResults.Full, new ResultsGrid(SyntheticResults.Full));

        Assert.Contains("gmail is ahead of naive on", headline, StringComparison.Ordinal);
        Assert.Contains("gap between generated and real images narrows", headline, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_diverged_is_drawn_without_its_broken_numbers()
    {
        var curve = SyntheticResults.Full.Curves[0];
        var results = SyntheticResults.Full with { Curves = [curve with { Values = [.. curve.Values.Select((value, i) => i > 60 ? double.NaN : value)] }] };

        var html = Render(results);

        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
        Assert.Contains("1 of 1 runs diverged", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_with_too_few_points_says_so()
    {
        var results = SyntheticResults.Full with { Metrics = [.. SyntheticResults.Full.Metrics.Where(metric => metric.Sweep is null or { DataFraction: 0.5 or 1, ImagesPerCaption: 4 })] };

        Assert.Contains("2 points, too few for a law", Render(results), StringComparison.Ordinal);
    }

    private static string Render(ExperimentResults results)
    {
        using var stream = new MemoryStream();
        ReportWriter.Write(results, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [GeneratedRegex("src=\"([^\"]*)\"")]
    private static partial Regex Sources();

    [GeneratedRegex("<(meta|img|link|br|hr)((?:\\s+[a-z-]+=\"[^\"]*\")*)>")]
    private static partial Regex Void();

    [GeneratedRegex("<(script|style)>.*?</\\1>", RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex("<[a-z][^>]*>")]
    private static partial Regex Tags();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("<table[^>]*>.*?</table>", RegexOptions.Singleline)]
    private static partial Regex Tables();
}
