using System.Text;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Tables;

/// <summary>The arms side by side, as plain text for the end of a run.</summary>
public static class ArmsTable
{
    /// <summary>
    /// A line a task and test set with its headline figure, a column an arm; mean ± spread over seeds. The best arm
    /// is starred, real pictures aside: they are the reference. Lines end in a line feed.
    /// </summary>
    public static string Render(ExperimentResults results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var grid = new ResultsGrid(results);
        if (grid.Headlines.Count == 0)
        {
            return "No figures: nothing was evaluated.\n";
        }

        var rows = new List<string[]> { (string[])["", .. grid.Arms.Select(arm => arm.Label)] };
        foreach (var measure in grid.Headlines)
        {
            var best = grid.Best(measure);
            rows.Add([Ascii(measure), .. grid.Arms.Select(arm => Cell(grid, arm, measure, arm == best))]);
        }

        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var line = row[0].PadRight(widths[0]) + string.Concat(row.Skip(1).Select((cell, column) => "  " + cell.PadLeft(widths[column + 1])));
            text.Append(line.TrimEnd()).Append('\n');
        }

        var seeds = results.Seeds.Count;
        var legend = grid.Arms.Any(arm => arm.Arm == Arm.Real) ? "* best but for real, the reference" : "* best";
        return text.Append(seeds > 1 ? $"{legend}; mean ± standard deviation over {seeds} seeds\n" : $"{legend}; one seed: differences may be chance\n").ToString();
    }

    private static string Cell(ResultsGrid grid, ArmKey arm, Measure measure, bool best) =>
        grid.Cell(arm, measure) is { } cell ? cell.Text(grid.Decimals(measure)) + (best ? "*" : " ") : "- ";

    private static string Ascii(Measure measure) =>
        measure.Dataset is null ? $"{measure.Task} {measure.Metric}" : $"{measure.Task} {measure.Metric} ({measure.Dataset})";
}
