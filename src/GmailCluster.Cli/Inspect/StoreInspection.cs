using GmailCluster.Cli.Display;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Inspect;

/// <summary>A whole store: its finished stages, by what they made.</summary>
internal static class StoreInspection
{
    private const string StagesName = "stages";
    private const string RunsName = "runs";

    /// <summary>True for a folder that a run has used as its store.</summary>
    public static bool IsStore(string folder) => Directory.Exists(Path.Combine(folder, StagesName));

    /// <summary>The stages, in the order of kind and title.</summary>
    public static Inspection OfFolder(string folder)
    {
        var runs = Path.Combine(folder, RunsName);
        return Of(Path.Combine(folder, StagesName), Directory.Exists(runs) ? [.. Directory.EnumerateDirectories(runs).Select(run => Path.GetFileName(run))] : []);
    }

    /// <summary>The same, from a folder with the stages' records and the keys of all runs, finished or not.</summary>
    public static Inspection Of(string stages, IReadOnlyCollection<string> runs)
    {
        var records = Directory.EnumerateFiles(stages, "*.json").Select(ConfigFile.Read<StageRecord>)
            .OrderBy(record => record.Kind).ThenBy(record => record.Title, StringComparer.Ordinal).ThenBy(record => record.Key.Value, StringComparer.Ordinal).ToArray();
        var unfinished = runs.Except(records.Select(record => record.Key.Value)).Count();
        return new Inspection("store")
        {
            Columns = ["stage", "key", "work", "size"],
            Rows = [.. records.Select(record => new[] { record.Title, record.Key.Value, StageInspection.Work(record), Figures.Size(record.Files.Sum(file => file.LengthBytes)) })],
        }
            .With("finished stages", Figures.Count(records.Length))
            .With("runs not finished", Figures.Count(unfinished))
            .With("size", Figures.Size(records.Sum(record => record.Files.Sum(file => file.LengthBytes))));
    }
}
