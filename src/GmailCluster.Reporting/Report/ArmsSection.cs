using GmailCluster.Reporting.Plots;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Report;

/// <summary>The arms side by side: a chart a headline figure, a table a task, and the comparisons GMAIL is about.</summary>
internal static class ArmsSection
{
    private const int NarrowMeasures = 3; // tables with more columns get the whole width

    public static Html? Render(ExperimentResults results, ResultsGrid grid)
    {
        if (grid.Measures.Count == 0)
        {
            return null;
        }

        var over = results.Seeds.Count > 1
            ? $"Mean ± standard deviation over {results.Seeds.Count} seeds; small ticks in the charts are single seeds."
            : "One seed: a difference may be chance.";
        var html = Html.Of($"""
            <p>What a model learned from real pictures, from generated ones as they are (naive), or from generated ones seen through Gen-CLIP (gmail), tested on held-out real pictures through plain CLIP. {over}</p>
            {Legend.Of(grid.Arms)}
            <div class="panels">
            """);
        foreach (var measure in grid.Headlines)
        {
            var set = measure.Dataset is null ? null : Html.Of($" <span>{measure.Dataset}</span>");
            html.AddLine($"<figure class=\"card\"><h3>{measure.TaskTitle}: {measure.MetricTitle}{set}</h3>{ArmsChart.Draw(grid, measure)}</figure>");
        }

        html.AddLine($"</div>\n<div class=\"tables\">");
        foreach (var task in grid.Measures.GroupBy(measure => measure.Task))
        {
            html.AddLine($"{Table(grid, [.. task])}");
        }

        return html.Add($"{Comparisons(grid)}</div>\n");
    }

    private static Html Table(ResultsGrid grid, IReadOnlyList<Measure> measures)
    {
        var sets = measures.GroupBy(measure => measure.Dataset).Select(set => set.OrderBy(measure => Measure.Rank(measure.Metric)).ToArray()).ToArray();
        var head = new Html();
        if (sets.Length > 1 || sets[0][0].Dataset is not null)
        {
            head.Add($"<tr class=\"groups\"><th></th>{Html.Join(sets.Select(set => Html.Of($"<th scope=\"colgroup\" colspan=\"{set.Length}\">{set[0].Dataset}</th>")))}</tr>");
        }

        head.Add($"<tr><th scope=\"col\" class=\"text\">Arm</th>{Html.Join(sets.SelectMany(set => set.Select((measure, i) => Html.Of($"<th scope=\"col\"{Split(i)}>{measure.MetricTitle}</th>"))))}</tr>");
        var body = new Html();
        foreach (var arm in grid.Arms.Where(arm => measures.Any(measure => grid.Cell(arm, measure) is not null)))
        {
            var isReference = arm.Arm == Arm.Real;
            var cells = sets.SelectMany(set => set.Select((measure, i) => Cell(grid, arm, measure, i)));
            body.Add($"<tr{(isReference ? Html.Of($" class=\"reference\"") : null)}><th scope=\"row\">{Svg.Key(arm.Colour)} {arm.Label}{(isReference ? Html.Of($" <span class=\"tag\">reference</span>") : null)}</th>{Html.Join(cells)}</tr>");
        }

        return Html.Of($"<div class=\"card{(measures.Count > NarrowMeasures ? " full" : "")}\"><h3>{measures[0].TaskTitle} <span>best in bold, real aside</span></h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{measures[0].TaskTitle} by arm\"><table><caption class=\"hidden\">{measures[0].TaskTitle} by arm</caption><thead>{head}</thead><tbody>{body}</tbody></table></div></div>");
    }

    private static Html Cell(ResultsGrid grid, ArmKey arm, Measure measure, int index)
    {
        if (grid.Cell(arm, measure) is not { } cell)
        {
            return Html.Of($"<td{Split(index)}>–</td>");
        }

        var decimals = grid.Decimals(measure);
        var spread = cell.Spread is { } value ? Html.Of($" <small>± {Figures.Fixed(value, decimals)}</small>") : null;
        return arm == grid.Best(measure)
            ? Html.Of($"<td class=\"best{(index == 0 ? " split" : "")}\">{Figures.Fixed(cell.Mean, decimals)}{spread}<span class=\"hidden\"> (best)</span></td>")
            : Html.Of($"<td{Split(index)}>{Figures.Fixed(cell.Mean, decimals)}{spread}</td>");
    }

    private static Html? Split(int index) => index == 0 ? Html.Of($" class=\"split\"") : null;

    private static Html? Comparisons(ResultsGrid grid)
    {
        var comparisons = Comparison.Of(grid);
        if (comparisons.Count == 0)
        {
            return null;
        }

        var pairs = comparisons.Select(comparison => (comparison.Arm, comparison.Baseline)).Distinct().ToArray();
        var head = Html.Join(pairs.Select(pair => Html.Of($"<th scope=\"col\" colspan=\"2\" class=\"split\">{pair.Arm.Label} − {pair.Baseline.Label}</th>")));
        var body = new Html();
        foreach (var measure in grid.Headlines)
        {
            var cells = pairs.Select(pair => comparisons.FirstOrDefault(comparison => comparison.Measure == measure && (comparison.Arm, comparison.Baseline) == pair));
            body.Add($"<tr><th scope=\"row\">{measure.Title}</th>{Html.Join(cells.Select(cell => Difference(grid, cell)))}</tr>");
        }

        return Html.Of($"""
            <div class="card full"><h3>Aligned against unaligned <span>difference seed by seed</span></h3><div class="scroll" tabindex="0" role="region" aria-label="Aligned against unaligned"><table class="wraps"><caption class="hidden">Aligned against unaligned</caption>
            <thead><tr><th scope="col" class="text">Measure</th>{head}</tr></thead><tbody>{body}</tbody></table></div>
            <p class="note">{(comparisons.Any(comparison => comparison.Difference.Spread is null) ? "One seed tells nothing about chance: train with several before claiming anything." : "Ahead or behind: the mean difference is larger than its standard deviation over seeds. Level: it is not.")}</p></div>

            """);
    }

    private static Html Difference(ResultsGrid grid, Comparison? comparison)
    {
        if (comparison is null)
        {
            return Html.Of($"<td class=\"split\">–</td><td></td>");
        }

        var decimals = grid.Decimals(comparison.Measure);
        var spread = comparison.Difference.Spread is { } value ? Html.Of($" <small>± {Figures.Fixed(value, decimals)}</small>") : null;
        var css = comparison.Verdict switch { "ahead" => "chip good", "behind" => "chip bad", _ => "chip" };
        return Html.Of($"<td class=\"split\">{Figures.Signed(comparison.Difference.Mean, decimals)}{spread}</td><td class=\"text\"><span class=\"{css}\">{comparison.Verdict}</span></td>");
    }
}
