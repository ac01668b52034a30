using System.Text.Json;
using System.Threading.Channels;
using GmailCluster.Cluster.Checkpoints;
using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Storage;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Training;
using GmailCluster.Stages;
using GmailCluster.Storage;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>A run on this silo: its task, its replica, and the loop that writes checkpoints beside training.</summary>
internal sealed partial class OpenRun : IAsyncDisposable
{
    private readonly Stage _stage;
    private readonly IObjectStore _store;
    private readonly CheckpointStore _checkpoints;
    private readonly OpenedTask _task;
    private readonly TimeProvider _time;
    private readonly ILogger<OpenRun> _logger;
    private readonly int _everySteps;
    private readonly int _keep;
    private readonly double _secondsBefore;
    private readonly long _openedAt;

    // One snapshot at a time: when the store is slow the next one waits its turn by replacing the one not yet begun.
    private readonly Channel<Checkpoint> _snapshots =
        Channel.CreateBounded<Checkpoint>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Task _writing;
    private readonly RunMeter _meter;
    private volatile string? _warning;
    private int _snapshotStep;
    private bool _isFinished;

    private OpenRun(
        Stage stage, IObjectStore store, CheckpointStore checkpoints, OpenedTask task, Checkpoint? resumed, ComputePool pool, TimeProvider time,
        ILogger<OpenRun> logger)
    {
        (_stage, _store, _checkpoints, _task, _time, _logger) = (stage, store, checkpoints, task, time, logger);
        var settings = TrainingRunGrain.RunOf(stage);
        (_everySteps, _keep) = (settings.Checkpoint.EverySteps, settings.Checkpoint.Keep);
        Replica = new TrainingReplica(task.Task, task.Optimizer, task.Steps, settings.WorldSize, pool, settings.WireType);
        Replica.Meter = _meter = new RunMeter(stage.Key, stage.Kind, time);
        if (resumed is not null)
        {
            Replica.Restore(resumed.State);
            _secondsBefore = resumed.Seconds;
            LogResumed(stage.Title, Replica.CommittedSteps);
        }

        _snapshotStep = StepsBefore = Replica.CommittedSteps;
        Replica.Committed += OnCommitted;
        _openedAt = time.GetTimestamp();
        _writing = WriteCheckpoints();
    }

    public TrainingReplica Replica { get; }

    /// <summary>Steps that an earlier attempt had made.</summary>
    public int StepsBefore { get; }

    /// <summary>Why the last checkpoint could not be written, or which one could not be used; null when all is well.</summary>
    public string? Warning => _warning ?? (_checkpoints.Skipped.Count == 0 ? null : $"passed over a checkpoint: {_checkpoints.Skipped[0]}");

    public static async Task<OpenRun> Open(
        Stage stage, IObjectStore store, CheckpointStore checkpoints, LearningTasks tasks, ComputePool pool, TimeProvider time, ILogger<OpenRun> logger,
        CancellationToken cancellationToken)
    {
        var task = await tasks.Open(stage, cancellationToken);
        try
        {
            var resumed = await checkpoints.LoadLatest(task.Task.Parameters, cancellationToken);
            foreach (var skipped in checkpoints.Skipped)
            {
                LogSkipped(logger, stage.Title, skipped);
            }

            return new OpenRun(stage, store, checkpoints, task, resumed, pool, time, logger);
        }
        catch
        {
            task.Task.Dispose();
            throw;
        }
    }

    /// <summary>The trained files, the loss curve, and last the stage's record.</summary>
    public async Task WriteResult(CancellationToken cancellationToken)
    {
        var files = new List<StageFile>();
        foreach (var (name, content) in _task.Task.Export().OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            files.Add(await Put(name, content, cancellationToken));
        }

        var losses = JsonSerializer.SerializeToUtf8Bytes(Replica.Losses, StageJson.Options);
        files.Add(await Put("losses.json", losses, cancellationToken));
        await StageRecords.Write(
            _store,
            new StageRecord
            {
                Key = _stage.Key,
                Kind = _stage.Kind,
                Title = _stage.Title,
                Seconds = Seconds,
                Items = Replica.Steps,
                Unit = "steps",
                Files = files,
                Notes = [.. StepsBefore == 0 ? [] : new[] { $"resumed at step {StepsBefore}" }, .. _checkpoints.Skipped.Select(skipped => $"passed over a checkpoint: {skipped}")],
            },
            cancellationToken);
        _isFinished = true;
        _snapshots.Writer.TryComplete();
        await _writing; // or a checkpoint still being written would outlive the clearing
        await _checkpoints.Clear(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Replica.Committed -= OnCommitted;
        if (!_isFinished && Replica.CommittedSteps > _snapshotStep)
        {
            Snapshot(); // stopped between two checkpoints: nothing that was trained is lost
        }

        _snapshots.Writer.TryComplete();
        await _writing;
        _meter.Dispose();
        Replica.Dispose();
        _task.Task.Dispose();
    }

    private double Seconds => _secondsBefore + _time.GetElapsedTime(_openedAt).TotalSeconds;

    private async Task<StageFile> Put(string name, byte[] content, CancellationToken cancellationToken)
    {
        var key = $"runs/{_stage.Key}/{name}";
        await _store.PutBytes(key, content, PutCondition.Always, cancellationToken);
        return new StageFile(key, content.Length, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)));
    }

    // Called between steps, before any rank goes on: the copy is consistent, and is all that training waits for.
    private void OnCommitted(int steps)
    {
        if (steps % _everySteps == 0 && steps < Replica.Steps)
        {
            Snapshot();
        }
    }

    private void Snapshot()
    {
        var state = Replica.Snapshot();
        _snapshotStep = state.Losses.Count;
        _snapshots.Writer.TryWrite(new Checkpoint(state, Seconds));
    }

    private async Task WriteCheckpoints()
    {
        await foreach (var snapshot in _snapshots.Reader.ReadAllAsync())
        {
            try
            {
                await _checkpoints.Save(_task.Task.Parameters, snapshot, _keep, CancellationToken.None);
                _warning = null;
            }
#pragma warning disable CA1031 // Training goes on without this checkpoint; the next one tries again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                var step = snapshot.State.Losses.Count;
                _warning = $"the checkpoint of step {step} was not written, training goes on: {StageFailure.From(e).Message}";
                LogNotSaved(_stage.Title, step, e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Title}: resumes at step {Step}")]
    private partial void LogResumed(string title, int step);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Title}: passed over a checkpoint: {Problem}; the one before is used")]
    private static partial void LogSkipped(ILogger logger, string title, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Title}: the checkpoint of step {Step} was not saved; training goes on and the next one tries again")]
    private partial void LogNotSaved(string title, int step, Exception exception);
}
