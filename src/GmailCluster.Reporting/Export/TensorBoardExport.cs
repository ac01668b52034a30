using System.Globalization;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Export;

/// <summary>An experiment's scalars as TensorBoard runs: a folder a training run with its curves, and its figures at the last step.</summary>
public static class TensorBoardExport
{
    /// <summary>Writes <c>RUN/events.out.tfevents.…</c> below a folder. The same results and time give the same bytes.</summary>
    /// <param name="results">The experiment.</param>
    /// <param name="folder">Made when missing; event files of an earlier export with the same time are replaced.</param>
    /// <param name="time">The wall-clock time the events carry.</param>
    /// <returns>How many files were written.</returns>
    public static int Write(ExperimentResults results, string folder, DateTimeOffset time)
    {
        ArgumentNullException.ThrowIfNull(results);
        var runs = new SortedDictionary<string, List<(string Tag, int Step, double Value)>>(StringComparer.Ordinal);
        foreach (var curve in results.Curves)
        {
            Run(Name(curve.Stage, curve.Arm, curve.Seed, curve.Sweep))
                .AddRange(curve.Steps.Zip(curve.Values).Select(point => ($"{curve.Stage}/{curve.Name}", point.First, point.Second)));
        }

        foreach (var value in results.Metrics)
        {
            var run = Run(Name(value.Task, value.Arm, value.Seed, value.Sweep));
            run.Add((value.Dataset is null ? $"{value.Task}/{value.Metric}" : $"{value.Task}/{value.Dataset}/{value.Metric}", run.Select(point => point.Step).DefaultIfEmpty(0).Max(), value.Value));
        }

        foreach (var (name, points) in runs)
        {
            var path = Path.Combine(folder, name);
            Directory.CreateDirectory(path);
            using var stream = File.Create(Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{time.ToUnixTimeSeconds():D10}.gmailcluster")));
            var writer = new TensorBoardWriter(stream, time);
            foreach (var (tag, step, value) in points)
            {
                writer.AddScalar(tag, step, value, time);
            }
        }

        return runs.Count;

        List<(string Tag, int Step, double Value)> Run(string name)
        {
            if (!runs.TryGetValue(name, out var points))
            {
                runs[name] = points = [];
            }

            return points;
        }
    }

    private static string Name(string stage, Arm? arm, int? seed, SweepPoint? sweep)
    {
        var name = stage;
        name += arm is { } known ? $"-{SpecWords.Of(known)}" : "";
        name += seed is { } number ? string.Create(CultureInfo.InvariantCulture, $"-seed{number}") : "";
        name += sweep is null ? "" : string.Create(CultureInfo.InvariantCulture, $"-fraction{sweep.DataFraction:R}-k{sweep.ImagesPerCaption}");
        return string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '+' or '.' ? character : '_')).TrimStart('.');
    }
}
