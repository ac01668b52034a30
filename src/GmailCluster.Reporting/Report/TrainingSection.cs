using GmailCluster.Reporting.Plots;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Report;

/// <summary>Losses over steps: a panel a stage, a line an arm, averaged over seeds and smoothed, the raw mean faint behind.</summary>
internal static class TrainingSection
{
    private const int MostPoints = 240;

    public static Html? Render(ExperimentResults results)
    {
        var curves = results.Curves.Where(curve => curve.Sweep is null && curve.Steps.Count > 1 && curve.Steps.Count == curve.Values.Count).ToArray();
        if (curves.Length == 0)
        {
            return null;
        }

        var arms = curves.Where(curve => curve.Arm is not null).Select(curve => new ArmKey(curve.Arm!.Value)).Distinct().Order();
        var html = Html.Of($"<p>Mean over seeds, smoothed; the unsmoothed mean is faint. Losses of different arms are losses on different pictures: a lower one is no better model.</p>\n{Legend.Of(arms)}<div class=\"panels\">\n");
        foreach (var panel in curves.GroupBy(curve => (curve.Stage, curve.Name)))
        {
            Series[] lines = [.. panel.GroupBy(curve => curve.Arm).OrderBy(arm => arm.Key).Select(arm => Line(panel.Key.Stage, arm.Key, [.. arm]))];
            var ends = string.Join(", ", panel.GroupBy(curve => curve.Arm).OrderBy(arm => arm.Key)
                .Select(arm => $"{(arm.Key is { } known ? SpecWords.Of(known) + " " : "")}{(arm.SelectMany(Last).ToArray() is { Length: > 0 } last ? Figures.Short(last.Average()) : "unknown")}"));
            var diverged = panel.Count(curve => curve.Values.Any(value => !double.IsFinite(value)));
            var note = diverged == 0 ? null : Html.Of($"<figcaption>{diverged} of {panel.Count()} runs diverged; their broken numbers are left out.</figcaption>");
            var chart = new LineChart { Alt = $"{Measure.TaskName(panel.Key.Stage)}: {panel.Key.Name} over steps, at the end {ends}", XLabel = "step", Lines = lines };
            html.AddLine($"<figure class=\"card\"><h3>{Measure.TaskName(panel.Key.Stage)} <span>{panel.Key.Name}</span></h3>{chart.Draw()}{note}</figure>");
        }

        return html.AddLine($"</div>");
    }

    private static IEnumerable<double> Last(TrainingCurve curve) => curve.Values.Where(double.IsFinite).TakeLast(1);

    private static Series Line(string stage, Arm? arm, IReadOnlyList<TrainingCurve> seeds)
    {
        // Seeds of one stage log the same steps; should one not (it is still running), the common ones are averaged.
        var values = new SortedDictionary<int, List<double>>();
        foreach (var seed in seeds)
        {
            foreach (var (step, value) in seed.Steps.Zip(seed.Values))
            {
                if (double.IsFinite(value))
                {
                    (values.TryGetValue(step, out var list) ? list : values[step] = []).Add(value);
                }
            }
        }

        var most = values.Count == 0 ? 0 : values.Values.Max(list => list.Count);
        DataPoint[] raw = [.. Thin([.. values.Where(pair => pair.Value.Count == most).Select(pair => new DataPoint(pair.Key, pair.Value.Average()))])];
        return new Series { Colour = arm is null && stage == "align" ? "gmail" : ArmKey.ColourOf(arm), Points = Smooth(raw), Faint = raw };
    }

    private static IEnumerable<DataPoint> Thin(DataPoint[] points)
    {
        var size = Math.Max(1, (points.Length + MostPoints - 1) / MostPoints);
        return points.Chunk(size).Select(chunk => new DataPoint(chunk.Average(point => point.X), chunk.Average(point => point.Y)));
    }

    // A centred mean over 1/12 of the run: unlike a running mean it does not lag behind.
    private static DataPoint[] Smooth(DataPoint[] points)
    {
        var half = points.Length / 24;
        return [.. points.Select((point, i) =>
        {
            var reach = Math.Min(half, Math.Min(i, points.Length - 1 - i));
            return new DataPoint(point.X, points.Skip(i - reach).Take((2 * reach) + 1).Average(near => near.Y));
        })];
    }
}
