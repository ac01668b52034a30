using System.Globalization;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Features;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Cli.Inspect;

/// <summary>Frozen features in a store.</summary>
internal static class FeatureInspection
{
    private const string ValuesExtension = ".f32";

    /// <summary>True for a folder that <see cref="OfFolder"/> can say something about.</summary>
    public static bool IsFeatures(string folder) => Directory.EnumerateFiles(folder, $"*{ValuesExtension}").Any();

    /// <summary>The tables of a folder.</summary>
    public static Inspection OfFolder(string folder)
    {
        var inspection = new Inspection("frozen features");
        foreach (var values in Directory.EnumerateFiles(folder, $"*{ValuesExtension}").Order(StringComparer.Ordinal))
        {
            inspection.Parts.Add((Path.GetFileNameWithoutExtension(values), OfFile(values) with { Columns = [], Rows = [] }));
        }

        return inspection;
    }

    /// <summary>One table: its values, or the header beside them.</summary>
    public static Inspection OfFile(string values)
    {
        var path = Path.ChangeExtension(values, ".json");
        if (!File.Exists(path))
        {
            throw new InputException(values, $"has no {Path.GetFileName(path)} beside it, so it was not written to its end.", "Run the spec again: it is made anew.");
        }

        var header = ConfigFile.Read<FeatureHeader>(path);
        var length = new FileInfo(values).Length;
        return length == header.LengthBytes
            ? OfHeader(header)
            : throw new InputException(values, $"has {length} bytes where its header says {header.LengthBytes}.", "Remove the folder and run the spec again.");
    }

    /// <summary>What a table's header says.</summary>
    public static Inspection OfHeader(FeatureHeader header) => new Inspection("feature table")
    {
        Columns = ["row", "of"],
        Rows = [.. header.Ids.Select((id, row) => new[] { row.ToString(CultureInfo.InvariantCulture), id })],
    }
        .With("rows", Figures.Count(header.Ids.Length))
        .With("shape", $"[{string.Join(", ", header.Shape)}] float32")
        .With("size", Figures.Size(header.LengthBytes))
        .With("SHA-256", header.Sha256);
}
