using System.Globalization;
using GmailCluster.Reporting.Plots;
using GmailCluster.Reporting.Scaling;
using GmailCluster.Reporting.Tables;
using GmailCluster.Results;

namespace GmailCluster.Reporting.Report;

/// <summary>How figures grow with generated data: along the captions and along the images of each, with fitted power laws.</summary>
internal static class ScalingSection
{
    public static Html? Render(ExperimentResults results, ResultsGrid grid)
    {
        var swept = results.Metrics.Where(metric => metric.Sweep is not null).ToArray();
        var headlines = swept.Select(metric => new Measure(metric.Task, metric.Dataset, metric.Metric)).Distinct()
            .GroupBy(measure => (measure.Task, measure.Dataset))
            .Select(group => group.MinBy(measure => Measure.Rank(measure.Metric))!)
            .ToArray();
        var panels = new Html();
        var wide = Amounts(swept, point => point.DataFraction) && Amounts(swept, point => point.ImagesPerCaption);
        foreach (var measure in headlines)
        {
            Observation[] values = [.. swept.Where(metric => new Measure(metric.Task, metric.Dataset, metric.Metric) == measure)
                .Select(metric => new Observation(grid.KeyOf(metric), metric.Sweep!.DataFraction, metric.Sweep.ImagesPerCaption, metric.Value))];
            panels.Add($"{Panel(measure, values, wide, "fraction of the captions", value => value.Fraction, value => value.Images, images => $"{images} per caption", Sweep.Fraction)}");
            panels.Add($"{Panel(measure, values, wide, "images per caption", value => value.Images, value => value.Fraction, OfCaptions, value => value.ToString("0", CultureInfo.InvariantCulture))}");
        }

        if (panels.ToString().Length == 0)
        {
            return null;
        }

        return Html.Of($"""
            <p>Models trained on a part of the generated data. Lines are power laws y = a·x<sup>b</sup> fitted to every seed, with the 95 % band of the curve; b says how fast a figure grows: doubling the data multiplies it by 2<sup>b</sup>. Error bars are standard deviations over seeds.</p>
            {Legend.Of(swept.Select(grid.KeyOf).Distinct().Order())}
            <div class="panels{(wide ? " wide" : "")}">
            {panels}</div>

            """);
    }

    private static Html? Panel(
        Measure measure, IReadOnlyList<Observation> values, bool wide, string xLabel, Func<Observation, double> x, Func<Observation, double> other, Func<double, string> otherText, Func<double, string> tickText)
    {
        var groups = values.GroupBy(value => (value.Arm, Other: other(value)))
            .Where(group => group.Select(x).Distinct().Count() > 1)
            .OrderBy(group => group.Key.Arm).ThenByDescending(group => group.Key.Other)
            .ToArray();
        if (groups.Length == 0)
        {
            return null;
        }

        var others = groups.Select(group => group.Key.Other).Distinct().ToArray();
        var lines = new List<Series>();
        var laws = new Html();
        foreach (var group in groups)
        {
            Observation[] points = [.. group.OrderBy(x)];
            var law = PowerLaw.Fit([.. points.Select(x)], [.. points.Select(point => point.Value)]);
            var suffix = others.Length > 1 ? $", {otherText(group.Key.Other)}" : "";
            lines.Add(Line(group.Key.Arm, points, x, law, Array.IndexOf(others, group.Key.Other)));
            laws.Add($"<div>{Svg.Key(group.Key.Arm.Colour)}<span>{group.Key.Arm.Label}{suffix}: {Words(law, [.. points.Select(x)])}</span></div>");
        }

        double[] ticks = [.. groups.SelectMany(group => group.Select(x)).Distinct().Order()];
        var chart = new LineChart
        {
            Alt = $"{measure.Title} against {xLabel}: " + string.Join("; ", groups.Select(group => $"{group.Key.Arm.Label} from {Figures.Short(group.OrderBy(x).First().Value)} to {Figures.Short(group.OrderBy(x).Last().Value)}")),
            XLabel = others.Length == 1 ? $"{xLabel} ({otherText(others[0])})" : xLabel,
            Wide = wide,
            LogX = true,
            XTicks = [.. ticks.Select(tick => (tick, tickText(tick)))],
            Lines = lines,
        };
        var set = measure.Dataset is null ? null : Html.Of($" <span>{measure.Dataset}</span>");
        return Html.Of($"<figure class=\"card\"><h3>{measure.TaskTitle}: {measure.MetricTitle}{set}</h3>{chart.Draw()}<figcaption>{laws}</figcaption></figure>\n");
    }

    private static Series Line(ArmKey arm, IReadOnlyList<Observation> points, Func<Observation, double> x, PowerLaw? law, int index)
    {
        DataPoint[] means = [.. points.GroupBy(x).OrderBy(group => group.Key).Select(group =>
        {
            var mean = MeanSpread.Of([.. group.Select(point => point.Value)]);
            return new DataPoint(group.Key, mean.Mean, mean.Spread ?? 0, $"{arm.Label}: {mean.Text(1)}");
        })];
        var (low, high) = (Math.Log(means[0].X), Math.Log(means[^1].X));
        double[] steps = law is null ? [] : [.. Enumerable.Range(0, 41).Select(i => Math.Exp(low + ((high - low) * i / 40)))];
        return new Series
        {
            Colour = arm.Colour,
            Points = means,
            Marked = true,
            Dash = index == 0 ? "" : index == 1 ? "6 4" : "2 4",
            Fit = law is null ? [] : [.. steps.Select(step => new DataPoint(step, law.At(step)))],
            Band = law?.ExponentMargin is null ? [] : [.. steps.Select(step => (step, law.BandAt(step)!.Value.Low, law.BandAt(step)!.Value.High))],
        };
    }

    private static bool Amounts(IEnumerable<MetricValue> swept, Func<SweepPoint, double> amount) => swept.Select(metric => amount(metric.Sweep!)).Distinct().Count() > 1;

    private static string OfCaptions(double fraction) => fraction == 1 ? "all captions" : $"{Sweep.Fraction(fraction)} of the captions";

    private static string Words(PowerLaw? law, IReadOnlyList<double> x)
    {
        var different = x.Distinct().Count();
        if (law is null)
        {
            return different < 3 ? $"{different} points, too few for a law" : "no law: a figure is not positive";
        }

        var margin = law.ExponentMargin is { } known ? $" ± {Figures.Fixed(known, 2)}" : "";
        var caution = law.Observations < 6 ? $"; {law.Observations} points only" : "";
        return $"b = {Figures.Fixed(law.Exponent, 2)}{margin}, R² = {Figures.Fixed(law.RSquared, 2)}{caution}";
    }

    private readonly record struct Observation(ArmKey Arm, double Fraction, double Images, double Value);
}
