using GmailCluster.Reporting.Report;
using GmailCluster.Reporting.Tables;

namespace GmailCluster.Reporting.Plots;

/// <summary>One measure, an arm a row: the mean as a mark, the spread as a bar, each seed as a small tick.</summary>
internal static class ArmsChart
{
    private const double Width = 360;
    private const double Left = 78;
    private const double Right = 296;
    private const double RowHeight = 26;

    public static Html Draw(ResultsGrid grid, Measure measure)
    {
        var arms = grid.Arms.Where(arm => grid.Cell(arm, measure) is not null).ToArray();
        var decimals = grid.Decimals(measure);
        var best = grid.Best(measure);
        var axis = new Axis(arms.SelectMany(arm => Extent(grid, arm, measure)), Left, Right, margin: 0.07, ticks: 4);
        var bottom = 6 + (arms.Length * RowHeight);
        var content = new Html();
        foreach (var tick in axis.Ticks)
        {
            content.Add($"{Svg.Line(axis.Pixel(tick), 4, axis.Pixel(tick), bottom, "grid")}{Svg.Text(axis.Pixel(tick), bottom + 14, Figures.Short(tick))}");
        }

        for (var row = 0; row < arms.Length; row++)
        {
            var y = 6 + ((row + 0.5) * RowHeight);
            var cell = grid.Cell(arms[row], measure)!.Value;
            var css = arms[row] == best ? "name best" : "name";
            content.Add($"<g data-series=\"{arms[row].Colour}\">{Svg.Text(0, y + 4, arms[row].Label, "start", css)}{Row(grid, arms[row], measure, axis, y, cell)}{Svg.Text(Width - 2, y + 4, Figures.Fixed(cell.Mean, decimals), "end", css)}</g>");
        }

        var alt = $"{measure.Title} by arm: " + string.Join(", ", arms.Select(arm => $"{arm.Label} {grid.Cell(arm, measure)!.Value.Text(decimals)}"));
        return Svg.Picture(Width, bottom + 20, alt, content);
    }

    private static Html Row(ResultsGrid grid, ArmKey arm, Measure measure, Axis axis, double y, MeanSpread cell)
    {
        var row = new Html();
        if (cell.Spread is { } spread)
        {
            row.Add($"{Svg.Line(axis.Pixel(cell.Mean - spread), y, axis.Pixel(cell.Mean + spread), y, $"spread s-{arm.Colour}")}");
            foreach (var (seed, value) in grid.Seeds(arm, measure))
            {
                row.Add($"<line x1=\"{Svg.N(axis.Pixel(value))}\" y1=\"{Svg.N(y - 6)}\" x2=\"{Svg.N(axis.Pixel(value))}\" y2=\"{Svg.N(y + 6)}\" class=\"seed s-{arm.Colour}\"><title>seed {seed}: {Figures.Short(value)}</title></line>");
            }
        }

        return row.Add($"{Svg.Marker(axis.Pixel(cell.Mean), y, arm.Colour, 5.2, $"{arm.Label}: {Figures.Short(cell.Mean)}")}");
    }

    private static IEnumerable<double> Extent(ResultsGrid grid, ArmKey arm, Measure measure)
    {
        var cell = grid.Cell(arm, measure)!.Value;
        return [.. grid.Seeds(arm, measure).Values, cell.Mean - (cell.Spread ?? 0), cell.Mean + (cell.Spread ?? 0)];
    }
}
