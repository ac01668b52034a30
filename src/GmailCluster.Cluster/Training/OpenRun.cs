using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using GmailCluster.Cluster.Checkpoints;
using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Training;
using GmailCluster.Stages;
using GmailCluster.Storage;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>
/// A run's model, data and state on this silo, kept from plan to plan: a silo that goes on under a new plan loads nothing again.
/// </summary>
internal sealed partial class OpenRun : IAsyncDisposable
{
    private readonly Stage _stage;
    private readonly RunServices _services;
    private readonly OpenedTask _task;
    private readonly CheckpointStore _checkpoints;
    private readonly CheckpointWriter _writer;
    private readonly RunMeter _meter;
    private readonly ILogger<OpenRun> _logger;
    private readonly IDisposable _offer;
    private readonly int _everySteps;
    private volatile RunPlan? _plan;
    private volatile bool _hasState;
    private double _secondsBefore;
    private long _since;
    private int _snapshotStep;
    private long _goesOnUnder; // the generation number whose first commit has been told

    private OpenRun(Stage stage, OpenedTask task, RunServices services)
    {
        (_stage, _task, _services) = (stage, task, services);
        _logger = services.Loggers.CreateLogger<OpenRun>();
        var settings = TrainingRunGrain.RunOf(stage);
        _everySteps = settings.Checkpoint.EverySteps;
        _checkpoints = new CheckpointStore(services.Store, stage.Key, services.Time);
        _writer = new CheckpointWriter(stage.Title, _checkpoints, task.Task.Parameters, settings.Checkpoint.Keep, services.Loggers.CreateLogger<CheckpointWriter>());
        Replica = new TrainingReplica(task.Task, task.Optimizer, task.Steps, settings.WorldSize, services.Pool, settings.WireType) { Meter = _meter = new RunMeter(stage.Key, stage.Kind, services.Time) };
        Replica.Committed += OnCommitted;
        _since = services.Time.GetTimestamp();
        _offer = services.DataPlane.Offer(stage.Key, () => _hasState ? Replica.Snapshot() : null);
    }

    public TrainingReplica Replica { get; }

    /// <summary>How far the state is; null while there is none: model and data alone are not state.</summary>
    public int? CommittedSteps => _hasState ? Replica.CommittedSteps : null;

    /// <summary>Why the last checkpoint could not be written, or which one could not be used; null when all is well.</summary>
    public string? Warning => _writer.Warning ?? (_checkpoints.Skipped.Count == 0 ? null : $"passed over a checkpoint: {_checkpoints.Skipped[0]}");

    /// <summary>Time that the run has taken, over all attempts and silos.</summary>
    public double Seconds => _secondsBefore + _services.Time.GetElapsedTime(_since).TotalSeconds;

    /// <summary>Measured time for as many ranks as there are slots.</summary>
    public TimeSpan? RoundTime => _plan?.Members.FirstOrDefault(member => member.Silo == _services.Silo) is { } here && Replica.Pace is { } pace
        ? pace / ((here.RankCount + _services.Pool.Slots - 1) / _services.Pool.Slots)
        : null;

    public static async Task<OpenRun> Open(Stage stage, RunServices services, CancellationToken cancellationToken) =>
        new(stage, await services.OpenTask(stage, cancellationToken), services);

    /// <summary>Brings the state to where the order wants it. No rank may be in a step.</summary>
    public async Task<IReadOnlyList<string>> Load(LoadOrder order, CancellationToken cancellationToken)
    {
        switch (order.Source)
        {
            case StateSource.Checkpoint:
                if (await _checkpoints.LoadLatest(_task.Task.Parameters, cancellationToken) is { } checkpoint)
                {
                    Take(checkpoint.State);
                    SetSeconds(checkpoint.Seconds);
                }

                _hasState = true; // without a checkpoint that is whole: what is here, at the least that of step 0
                return _checkpoints.Skipped;
            case StateSource.Peer when CommittedSteps != order.Steps:
                var state = await _services.DataPlane.Fetch(order.Address!, _stage.Key, cancellationToken);
                if (state?.Losses.Count != order.Steps)
                {
                    throw new PeerLostException(order.Address!, $"it has the state of step {state?.Losses.Count.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"}, not of step {order.Steps}");
                }

                Take(state);
                break;
            case StateSource.Own when Replica.CommittedSteps != order.Steps:
                throw new InvalidOperationException($"{_stage.Title} is at step {Replica.CommittedSteps} here, not at step {order.Steps}.");
        }

        _hasState = true;
        return [];
    }

    /// <summary>Takes the plan's ranks of this silo.</summary>
    public void Begin(RunPlan plan, RankBlock block, IRunExchange? exchange)
    {
        SetSeconds(plan.SecondsBefore);
        Replica.Begin(block, exchange);
        _plan = plan;
        if (IsWriter && CommittedSteps - _snapshotStep >= _everySteps && CommittedSteps < Replica.Steps)
        {
            Snapshot(plan.GenerationNumber); // the last writer is gone and may have left none
        }
    }

    /// <summary>The trained files, the loss curve, and last the stage's record.</summary>
    public async Task WriteResult(FinishOrder order, CancellationToken cancellationToken)
    {
        var files = new List<StageFile>();
        foreach (var (name, content) in _task.Task.Export().OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            files.Add(await Put(name, content, cancellationToken));
        }

        files.Add(await Put("losses.json", JsonSerializer.SerializeToUtf8Bytes(Replica.Losses, StageJson.Options), cancellationToken));
        var timeline = new RunTimeline(_meter.Timeline.Points(StepTimeline.Capacity));
        await _services.Store.PutJson(RunTimeline.ObjectKey(_stage.Key), timeline, PutCondition.Always, cancellationToken);
        await StageRecords.Write(
            _services.Store,
            new StageRecord
            {
                Key = _stage.Key,
                Kind = _stage.Kind,
                Title = _stage.Title,
                Seconds = Seconds,
                Items = Replica.Steps,
                Unit = "steps",
                Files = files,
                Notes = order.Notes,
            },
            cancellationToken);
        await _writer.DisposeAsync(); // or a checkpoint still being written would outlive the clearing
        await _checkpoints.Clear(cancellationToken);
        _snapshotStep = Replica.Steps;
    }

    /// <summary>Writes what has been trained since the last checkpoint, if this plan runs.</summary>
    public void Save(long generationNumber)
    {
        if (CommittedSteps > _snapshotStep)
        {
            Snapshot(generationNumber);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _offer.Dispose();
        Replica.Committed -= OnCommitted;
        await _writer.DisposeAsync();
        _meter.Dispose();
        Replica.Dispose();
        _task.Task.Dispose();
    }

    private bool IsWriter => _plan?.Writer == _services.Silo;

    private void Take(TrainingState state)
    {
        Replica.Restore(state);
        _snapshotStep = state.Losses.Count;
    }

    private void SetSeconds(double seconds) => (_secondsBefore, _since) = (seconds, _services.Time.GetTimestamp());

    private async Task<StageFile> Put(string name, byte[] content, CancellationToken cancellationToken)
    {
        var key = $"runs/{_stage.Key}/{name}";
        await _services.Store.PutBytes(key, content, PutCondition.Always, cancellationToken);
        return new StageFile(key, content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    // Called between steps, before any rank goes on: the copy is consistent, and is all that training waits for.
    private void OnCommitted(int steps)
    {
        if (IsWriter && _plan!.GenerationNumber is var generation && generation != _goesOnUnder)
        {
            _goesOnUnder = generation;
            LogGoesOn(_stage.Title, steps, generation);
        }

        if (IsWriter && steps % _everySteps == 0 && steps < Replica.Steps)
        {
            var begun = Stopwatch.GetTimestamp();
            Snapshot(_plan!.GenerationNumber);
            _meter.StepPhase("snapshot", Stopwatch.GetElapsedTime(begun));
        }
    }

    private void Snapshot(long generationNumber)
    {
        var state = Replica.Snapshot();
        _snapshotStep = state.Losses.Count;
        _writer.Add(new Checkpoint(state, Seconds), new CheckpointFence(generationNumber, MayCommit));

        // The plan that counts is the one at COMMIT: a writer that goes on under a newer one commits what it began before.
        async Task<bool> MayCommit(CancellationToken cancellationToken) =>
            await _services.StoredGeneration(_stage.Key, cancellationToken) is var stored
            && (stored == generationNumber || (IsWriter && stored == _plan!.GenerationNumber));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Title}: step {Step} is committed, the first under generation number {GenerationNumber}")]
    private partial void LogGoesOn(string title, int step, long generationNumber);
}
