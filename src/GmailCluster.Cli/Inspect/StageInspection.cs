using System.Globalization;
using System.Text.Json;
using GmailCluster.Cli.Display;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Inspect;

/// <summary>Records of finished stages, and what a store knows of the stage that left a folder.</summary>
internal static class StageInspection
{
    private const string LossesName = "losses.json";

    /// <summary>One record.</summary>
    public static Inspection Of(StageRecord record)
    {
        var inspection = new Inspection("record of a finished stage")
        {
            Columns = ["file", "size", "SHA-256"],
            Rows = [.. record.Files.Select(file => new[] { file.ObjectKey, Figures.Size(file.LengthBytes), file.Sha256 })],
        };
        inspection.With("stage", record.Title).With("key", record.Key.Value).With("work", Work(record));
        foreach (var figure in record.Figures)
        {
            inspection.With(figure.Dataset is null ? figure.Metric : $"{figure.Metric} ({figure.Dataset})", figure.Value.ToString("0.####", CultureInfo.InvariantCulture));
        }

        foreach (var note in record.Notes)
        {
            inspection.With("note", note);
        }

        return inspection;
    }

    /// <summary>"250 steps in 22 s".</summary>
    public static string Work(StageRecord record) => $"{Figures.Count(record.Items)} {record.Unit} in {Figures.Duration(TimeSpan.FromSeconds(record.Seconds))}";

    /// <summary>Adds which stage made the folder, where it lies in a store, and how the loss went, where it is a run's.</summary>
    public static void AddOrigin(Inspection inspection, string folder)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var record = Path.Combine(full, "..", "..", "stages", $"{Path.GetFileName(full)}.json");
        if (File.Exists(record))
        {
            var made = ConfigFile.Read<StageRecord>(record);
            inspection.With("made by", $"{made.Title} ({Work(made)})");
        }

        if (Losses(Path.Combine(full, LossesName)) is { Length: > 0 } losses)
        {
            inspection.With("loss", string.Create(CultureInfo.InvariantCulture, $"{losses[0]:0.0000} at the first step, {losses[^1]:0.0000} at the last of {losses.Length}"));
        }
    }

    // A model's folder may hold a file of this name that is something else.
    private static double[]? Losses(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<double[]>(File.ReadAllBytes(path)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
