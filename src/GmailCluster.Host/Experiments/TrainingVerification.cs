using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Grains;
using GmailCluster.Host.Roles;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Experiments;

/// <summary>Trains a finished experiment's models again, beside it, and compares the SHA-256 of every file they leave.</summary>
public static class TrainingVerification
{
    /// <summary>Does it.</summary>
    /// <param name="store">The store with the experiment; it is only read.</param>
    /// <param name="run">The planned experiment.</param>
    /// <param name="slots">Compute slots, which may differ from those of the first time.</param>
    /// <param name="onStatus">Told how the stages stand.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>One line of comparison for each trained file.</returns>
    /// <exception cref="InputException">The experiment has not been run to its end.</exception>
    public static async Task<IReadOnlyList<ComparedFile>> Run(
        IObjectStore store, ExperimentRun run, int slots, Action<ExperimentStatus> onStatus, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var trained = run.Stages.Where(IsTraining).ToArray();
        var first = new Dictionary<Keys.ArtifactKey, StageRecord>();
        foreach (var stage in trained)
        {
            first[stage.Key] = await StageRecords.Read(store, stage.Key, cancellationToken).ConfigureAwait(false)
                ?? throw new InputException(stage.Title, "has no result to compare with.", "Run the spec to its end first.");
        }

        var folder = Directory.CreateTempSubdirectory("gmailcluster-verify-").FullName;
        try
        {
            var keys = trained.Select(stage => stage.Key.Value).ToHashSet(StringComparer.Ordinal);
            var overlay = new OverlayStore(
                new FolderObjectStore(folder), store, key => key.StartsWith("grains/", StringComparison.Ordinal) || keys.Any(hidden => key.Contains(hidden, StringComparison.Ordinal)));
            var again = run.Only(overlay, IsTraining, time);
            var silo = await EmbeddedSilo.Start(overlay, slots, LogLevel.None, cancellationToken).ConfigureAwait(false);
            await using (silo.ConfigureAwait(false))
            {
                await again.RunStages(silo, onStatus, cancellationToken).ConfigureAwait(false);
            }

            var compared = new List<ComparedFile>();
            foreach (var stage in trained)
            {
                var second = await StageRecords.Read(overlay, stage.Key, cancellationToken).ConfigureAwait(false);
                compared.AddRange(first[stage.Key].Files.Select(file => new ComparedFile(
                    stage.Title, file.ObjectKey, file.Sha256, second!.Files.FirstOrDefault(other => other.ObjectKey == file.ObjectKey)?.Sha256)));
            }

            return compared;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsTraining(Stage stage) => stage.Kind is StageKind.Align or StageKind.Caption or StageKind.Retrieve or StageKind.Long or StageKind.Llava;
}

/// <summary>A trained file, the first time and now.</summary>
/// <param name="Stage">The stage that made it.</param>
/// <param name="ObjectKey">Where it is.</param>
/// <param name="First">Its SHA-256 in the store.</param>
/// <param name="Again">Its SHA-256 now; null when it was not made.</param>
public sealed record ComparedFile(string Stage, string ObjectKey, string First, string? Again)
{
    /// <summary>Whether both are the same bits.</summary>
    public bool IsSame => First == Again;
}
