using GmailCluster.Reporting.Plots;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Report;

/// <summary>The head of the report: what it is, what came out in a sentence, and the figures one would quote.</summary>
internal static class Overview
{
    private const int MostCards = 4;

    public static Html Render(ExperimentResults results, ResultsGrid grid)
    {
        var seeds = results.Seeds.Count == 1 ? $"seed {results.Seeds[0]}" : $"seeds {string.Join(", ", results.Seeds)}";
        var html = Html.Of($"""
            <header class="top">
            <div class="eyebrow"><span><b>GmailCluster</b> · {seeds} · {results.WorldSize} virtual ranks</span><button type="button" class="theme" hidden>Light / dark</button></div>
            <h1>{results.Name}</h1>
            """);
        if (!string.IsNullOrWhiteSpace(results.Description))
        {
            html.Add($"<p class=\"about\">{results.Description}</p>");
        }

        html.Add($"<p class=\"lead\">{Headline(results, grid)}</p>");
        var cards = Cards(results, grid).Take(MostCards).ToArray();
        if (cards.Length > 0)
        {
            html.Add($"<div class=\"cards\">{Html.Join(cards)}</div>");
        }

        return html.Add($"</header>");
    }

    /// <summary>What came out, no more certain than the seeds allow.</summary>
    internal static string Headline(ExperimentResults results, ResultsGrid grid)
    {
        var comparisons = Comparison.Of(grid);
        Comparison[][] pairs = [.. comparisons.GroupBy(comparison => (comparison.Arm, comparison.Baseline)).Select(group => group.ToArray())];
        var oneSeed = comparisons.Any(comparison => comparison.Difference.Spread is null);
        var sentences = (oneSeed ? [OneSeed(pairs)] : pairs.Select(Sentence))
            .Append(GapSentence(results))
            .Where(sentence => sentence.Length > 0)
            .ToArray();
        if (sentences.Length > 0)
        {
            return string.Join(' ', sentences);
        }

        return grid.Arms.Count == 0
            ? "Nothing was evaluated."
            : $"{grid.Measures.Count} measures of {grid.Arms.Count} {(grid.Arms.Count == 1 ? "arm" : "arms")}: {string.Join(", ", grid.Arms.Select(arm => arm.Label))}.";
    }

    private static string OneSeed(IEnumerable<Comparison[]> pairs) =>
        "With one seed, " + string.Join(" and ", pairs.Select(pair =>
            $"{pair[0].Arm.Label} scores above {pair[0].Baseline.Label} on {pair.Count(comparison => comparison.Difference.Mean > 0)} of {pair.Length} measures")) +
        "; differences may be chance.";

    private static string Sentence(IReadOnlyList<Comparison> comparisons)
    {
        var (arm, baseline) = (comparisons[0].Arm.Label, comparisons[0].Baseline.Label);
        var what = comparisons.Count == 1 ? "the one measure" : $"{comparisons.Count} measures";
        var ahead = comparisons.Count(comparison => comparison.Verdict == "ahead");
        var behind = comparisons.Count(comparison => comparison.Verdict == "behind");
        var level = comparisons.Count - ahead - behind;
        var rest = string.Join(" and ", new[] { level > 0 ? $"level on {level}" : "", behind > 0 ? $"behind on {behind}" : "" }.Where(part => part.Length > 0));
        return ahead == comparisons.Count && ahead > 1
            ? $"{arm} beats {baseline} on all {what}."
            : $"{arm} is ahead of {baseline} on {ahead} of {what}{(rest.Length > 0 ? $", {rest}" : "")}.";
    }

    private static string GapSentence(ExperimentResults results)
    {
        if (GapSection.Change(results) is not { } change)
        {
            return "";
        }

        var (before, after) = (Figures.Fixed(change.Before, 3), Figures.Fixed(change.After, 3));
        return change.After < change.Before
            ? $"The gap between generated and real images narrows: CMMD {before} before alignment, {after} after."
            : $"The gap between generated and real images widens: CMMD {before} before alignment, {after} after.";
    }

    private static IEnumerable<Html> Cards(ExperimentResults results, ResultsGrid grid)
    {
        var gap = GapSection.Change(results);
        var comparisons = Comparison.Of(grid).Where(comparison => comparison.Arm.Arm == Arm.Gmail)
            .OrderBy(comparison => grid.Headlines.Where(measure => measure.Dataset == comparison.Measure.Dataset || measure.Task == comparison.Measure.Task).ToList().IndexOf(comparison.Measure))
            .DistinctBy(comparison => comparison.Measure.Task)
            .Take(gap is null ? MostCards : MostCards - 1);
        foreach (var comparison in comparisons)
        {
            var decimals = grid.Decimals(comparison.Measure);
            var mine = grid.Cell(comparison.Arm, comparison.Measure)!.Value;
            var other = grid.Cell(comparison.Baseline, comparison.Measure)!.Value;
            var set = comparison.Measure.Dataset is { } dataset ? $" · {dataset}" : "";
            yield return Html.Of($"""
                <div class="card"><div class="what">{comparison.Measure.TaskTitle}: {comparison.Measure.MetricTitle}{set}</div>
                <div class="big">{Figures.Fixed(mine.Mean, decimals)} <small>{comparison.Arm.Label} {Svg.Key(comparison.Arm.Colour)}</small></div>
                <div class="sub">{Figures.Signed(comparison.Difference.Mean, decimals)} against {comparison.Baseline.Label}’s {Figures.Fixed(other.Mean, decimals)}</div></div>
                """);
        }

        if (gap is { } change)
        {
            yield return Html.Of($"""
                <div class="card"><div class="what">Modality gap: CMMD</div>
                <div class="big">{Figures.Fixed(change.After, 3)} <small>after</small></div>
                <div class="sub">{Figures.Fixed(change.Before, 3)} before alignment{(change.Before > 0 ? $", {Figures.Signed(100 * (change.After - change.Before) / change.Before, 0)} %" : "")}</div></div>
                """);
        }
    }
}
