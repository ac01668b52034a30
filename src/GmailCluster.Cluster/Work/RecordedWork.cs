using GmailCluster.Cluster.Stages;
using GmailCluster.Learning.Work;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Work;

/// <summary>Does a stage's work and marks the stage as done: on a silo, or on the submitter's machine for stages that read its files.</summary>
public sealed class RecordedWork(IObjectStore store, Func<Stage, WorkProgress, CancellationToken, Task<WorkResult>> work, TimeProvider time)
{
    /// <summary>Does the work unless it is done already.</summary>
    public async Task Run(Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(progress);
        if (await StageRecords.Read(store, stage.Key, cancellationToken) is not null)
        {
            return;
        }

        var start = time.GetTimestamp();
        var result = await work(stage, progress, cancellationToken);
        await StageRecords.Write(
            store,
            new StageRecord
            {
                Key = stage.Key,
                Kind = stage.Kind,
                Title = stage.Title,
                Seconds = time.GetElapsedTime(start).TotalSeconds,
                Items = progress.Done,
                Unit = stage.Unit,
                Files = result.Files,
                Figures = result.Figures,
                Notes = result.Notes,
            },
            cancellationToken);
    }
}
