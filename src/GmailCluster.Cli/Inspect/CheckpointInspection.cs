using System.Security.Cryptography;
using System.Text.Json;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Inspect;

/// <summary>Runs that are not finished, and the checkpoints they go on from.</summary>
internal static class CheckpointInspection
{
    private const string CommitName = "COMMIT";
    private const string FolderName = "checkpoints";

    /// <summary>True for a committed checkpoint.</summary>
    public static bool IsCheckpoint(string folder) => File.Exists(Path.Combine(folder, CommitName));

    /// <summary>True for a run with checkpoints, committed or not.</summary>
    public static bool IsRun(string folder) => Directory.Exists(Path.Combine(folder, FolderName));

    /// <summary>One checkpoint: its files, compared with what COMMIT says of them, and its tensors.</summary>
    public static async Task<Inspection> OfCheckpoint(string folder, CancellationToken cancellationToken)
    {
        var files = Commit(folder);
        var model = Path.Combine(folder, "model.safetensors");
        using var weights = File.Exists(model) ? WeightSource.OpenFile(model) : null;
        var inspection = new Inspection("checkpoint of a training run")
        {
            Columns = weights is null ? [] : WeightsInspection.Head,
            Rows = weights is null ? [] : WeightsInspection.Rows(weights),
        };
        foreach (var file in files)
        {
            inspection.With(file.ObjectKey, $"{Figures.Size(file.LengthBytes)}, {await State(folder, file, cancellationToken)}");
        }

        if (weights is not null)
        {
            WeightsInspection.Add(inspection, weights);
        }

        return inspection;
    }

    /// <summary>A run's checkpoints.</summary>
    public static Inspection OfRun(string folder)
    {
        var rows = Directory.EnumerateDirectories(Path.Combine(folder, FolderName)).Order(StringComparer.Ordinal)
            .Select(step => new[] { Path.GetFileName(step), IsCheckpoint(step) ? Figures.Size(Commit(step).Sum(file => file.LengthBytes)) : "not committed" }).ToArray();
        return new Inspection("training run that is not finished") { Columns = ["checkpoint", "size"], Rows = rows }
            .With("checkpoints", Figures.Count(rows.Count(row => row[1] != "not committed")))
            .With("next", "the run command of its spec goes on from the newest that is whole");
    }

    private static List<StageFile> Commit(string folder)
    {
        var path = Path.Combine(folder, CommitName);
        try
        {
            return JsonSerializer.Deserialize<List<StageFile>>(File.ReadAllBytes(path), StageJson.Options) ?? [];
        }
        catch (JsonException e)
        {
            throw new InputException(path, "is not the list of files that ends a checkpoint.", "Remove the checkpoint's folder: the run then goes on from an older one.", e);
        }
    }

    private static async Task<string> State(string folder, StageFile file, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(file.ObjectKey); // a checkpoint from elsewhere must not have other files of this machine looked at
        var path = Path.Combine(folder, file.ObjectKey);
        if (!File.Exists(path))
        {
            return "MISSING";
        }

        await using var stream = File.OpenRead(path);
        var sha = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
        return sha == file.Sha256 ? "as COMMIT says" : "DIFFERS from what COMMIT says";
    }
}
