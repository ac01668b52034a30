using GmailCluster.Cluster.Checkpoints;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Training;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>
/// The runs that this silo's ranks take part in: one replica each, opened by the first rank that asks, shared by all, closed
/// when the run ends.
/// </summary>
internal sealed class ReplicaHost(IObjectStore store, ComputePool pool, LearningTasks tasks, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ArtifactKey, (long GenerationNumber, Task<OpenRun> Run)> _runs = [];

    /// <summary>The run's replica under a plan, at its last checkpoint. A newer generation number replaces an older replica.</summary>
    public async Task<TrainingReplica> Open(Stage stage, long generationNumber, CancellationToken cancellationToken)
    {
        Task<OpenRun> opening;
        lock (_lock)
        {
            if (_runs.TryGetValue(stage.Key, out var known) && known.GenerationNumber == generationNumber)
            {
                opening = known.Run;
            }
            else if (known.GenerationNumber > generationNumber)
            {
                throw new InvalidOperationException($"{stage.Title}: generation number {generationNumber} is over, {known.GenerationNumber} runs.");
            }
            else
            {
                opening = OpenAfter(known.Run, stage, cancellationToken);
                _runs[stage.Key] = (generationNumber, opening);
            }
        }

        return (await opening.WaitAsync(cancellationToken)).Replica;
    }

    /// <summary>The run, if it is open here.</summary>
    public OpenRun? Find(ArtifactKey run)
    {
        lock (_lock)
        {
            return _runs.TryGetValue(run, out var known) && known.Run.IsCompletedSuccessfully ? known.Run.Result : null;
        }
    }

    /// <summary>Writes the trained result and the stage's record, then closes the run.</summary>
    public async Task Finish(Stage stage, long generationNumber, CancellationToken cancellationToken)
    {
        Task<OpenRun> opening;
        lock (_lock)
        {
            opening = _runs[stage.Key].Run;
        }

        await (await opening).WriteResult(cancellationToken);
        await Close(stage.Key, generationNumber);
    }

    /// <summary>Closes the run, if it is open under this generation number or an older one.</summary>
    public async Task Close(ArtifactKey run, long generationNumber)
    {
        Task<OpenRun>? opening = null;
        lock (_lock)
        {
            if (_runs.TryGetValue(run, out var known) && known.GenerationNumber <= generationNumber)
            {
                _runs.Remove(run);
                opening = known.Run;
            }
        }

        await CloseWhenOpen(opening);
    }

    public async ValueTask DisposeAsync()
    {
        Task<OpenRun>[] open;
        lock (_lock)
        {
            open = [.. _runs.Values.Select(known => known.Run)];
            _runs.Clear();
        }

        foreach (var run in open)
        {
            await CloseWhenOpen(run);
        }
    }

    private async Task<OpenRun> OpenAfter(Task<OpenRun>? previous, Stage stage, CancellationToken cancellationToken)
    {
        await CloseWhenOpen(previous);
        return await OpenRun.Open(stage, store, new CheckpointStore(store, stage.Key), tasks, pool, time, loggers.CreateLogger<OpenRun>(), cancellationToken);
    }

    private static async Task CloseWhenOpen(Task<OpenRun>? opening)
    {
        if (opening is null)
        {
            return;
        }

        await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (opening.IsCompletedSuccessfully)
        {
            await opening.Result.DisposeAsync();
        }
    }
}
