using GmailCluster.Cli.Display;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Safetensors;

namespace GmailCluster.Cli.Inspect;

/// <summary>Tensors of safetensors files.</summary>
internal static class WeightsInspection
{
    private static readonly string[] Columns = ["tensor", "dtype", "shape", "size"];

    /// <summary>One file, with its metadata.</summary>
    public static Inspection OfFile(string path)
    {
        using var weights = WeightSource.OpenFile(path); // refuses pickles with the way to convert them
        using var file = SafetensorsFile.Open(path);
        var inspection = new Inspection("safetensors file") { Columns = Columns, Rows = [.. file.Entries.Values.OrderBy(entry => entry.Name, StringComparer.Ordinal).Select(Row)] };
        inspection.With("file", Figures.Size(new FileInfo(path).Length));
        Add(inspection, file.Entries.Values);
        foreach (var (name, value) in file.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            inspection.With($"metadata {name}", value);
        }

        return inspection;
    }

    /// <summary>All tensors of a folder's weights, one row each.</summary>
    public static IReadOnlyList<string[]> Rows(WeightSource weights) => [.. weights.Names.Select(weights.Entry).Select(Row)];

    /// <summary>The table's head.</summary>
    public static IReadOnlyList<string> Head => Columns;

    /// <summary>Adds what a folder's weights are, in a few facts.</summary>
    public static void Add(Inspection inspection, WeightSource weights)
    {
        inspection.With("weights", Path.GetFileName(weights.Where));
        Add(inspection, weights.Names.Select(weights.Entry));
    }

    private static void Add(Inspection inspection, IEnumerable<SafetensorsEntry> entries)
    {
        var all = entries.ToList();
        var dtypes = all.GroupBy(entry => entry.Dtype.Name).OrderByDescending(group => group.Sum(entry => entry.LengthBytes)).ThenBy(group => group.Key, StringComparer.Ordinal);
        inspection
            .With("tensors", Figures.Count(all.Count))
            .With("values", Figures.Count(all.Sum(entry => entry.Shape.Aggregate(1L, (product, size) => product * size))))
            .With("dtypes", string.Join(", ", dtypes.Select(group => $"{group.Key} ({Figures.Count(group.Count())})")));
    }

    private static string[] Row(SafetensorsEntry entry) =>
        [entry.Name, entry.Dtype.Name, $"[{string.Join(", ", entry.Shape)}]", Figures.Size(entry.LengthBytes)];
}
