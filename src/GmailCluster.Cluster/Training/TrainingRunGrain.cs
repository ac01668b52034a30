using System.Diagnostics;
using System.Globalization;
using GmailCluster.Cluster.Stages;
using GmailCluster.Cluster.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;

namespace GmailCluster.Cluster.Training;

/// <inheritdoc cref="ITrainingRunGrain"/>
internal sealed partial class TrainingRunGrain(
    [PersistentState("run", ObjectStoreGrainStorage.Name)] IPersistentState<RunState> run,
    IObjectStore store,
    IGrainFactory grains,
    ILocalSiloDetails silo,
    ReplicaHost replicas,
    ILogger<TrainingRunGrain> logger) : Grain, ITrainingRunGrain
{
    private readonly HashSet<int> _finished = [];
    private Stage? _stage;
    private int _worldSize;
    private StagePhase _phase = StagePhase.Pending;
    private StageFailure? _failure;
    private Activity? _span;

    private ArtifactKey Key => new(this.GetPrimaryKeyString());

    public async Task Start(Stage stage, CancellationToken cancellationToken)
    {
        if (_phase is StagePhase.Running or StagePhase.Done)
        {
            return;
        }

        if (await StageRecords.Read(store, Key, cancellationToken) is not null)
        {
            _phase = StagePhase.Done;
            return;
        }

        // The number is in the store before any rank hears of it: ranks of an earlier plan, wherever they are, are then out.
        await run.Save(new RunState { GenerationNumber = run.State.GenerationNumber + 1 }, DeactivateOnIdle, cancellationToken);
        (_stage, _worldSize) = (stage, RunOf(stage).WorldSize);
        (_phase, _failure) = (StagePhase.Running, null);
        _finished.Clear();
        LogStarted(stage.Title, _worldSize, run.State.GenerationNumber);
        if (run.State.GenerationNumber > 1)
        {
            Metrics.Recoveries.Add(1, new KeyValuePair<string, object?>(Attributes.StageKind, Words.Of(stage.Kind)));
        }

        _span = Spans.Run.Start()?.WithRun(Key).WithGenerationNumber(run.State.GenerationNumber).With(Attributes.WorldSize, _worldSize);
        for (var rank = 0; rank < _worldSize; rank++)
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.SiloAddress);
            await Rank(rank).Begin(new RankAssignment(stage, rank, _worldSize, run.State.GenerationNumber), cancellationToken);
        }
    }

    public async Task RankFinished(int rank, long generationNumber, CancellationToken cancellationToken)
    {
        if (generationNumber != run.State.GenerationNumber || _phase is not StagePhase.Running)
        {
            return;
        }

        _finished.Add(rank);
        if (_finished.Count < _worldSize)
        {
            return;
        }

        try
        {
            await replicas.Finish(_stage!, generationNumber, cancellationToken);
            _phase = StagePhase.Done;
            _span?.Dispose();
        }
#pragma warning disable CA1031 // Nobody awaits the last rank's report: what the result could not be written for is the run's failure.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await FailRun(StageFailure.From(e), cancellationToken);
        }
    }

    public async Task RankFailed(int rank, long generationNumber, StageFailure failure, CancellationToken cancellationToken)
    {
        if (generationNumber != run.State.GenerationNumber || _phase is not StagePhase.Running)
        {
            return;
        }

        LogRankFailed(rank, failure.Message);
        await FailRun(failure, cancellationToken);
    }

    public Task<StageProgress> GetProgress(CancellationToken cancellationToken)
    {
        var steps = _stage?.Size ?? 0;
        if (_phase is StagePhase.Running && replicas.Find(Key) is { } open)
        {
            var losses = open.Replica.Losses;
            var detail = losses.Count == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"loss {losses[^1]:0.0000}");
            return Task.FromResult(new StageProgress(_phase, losses.Count, steps, detail, null, open.StepsBefore, open.Warning));
        }

        return Task.FromResult(new StageProgress(_phase, _phase is StagePhase.Done ? steps : 0, steps, null, _failure));
    }

    public async Task Cancel(CancellationToken cancellationToken)
    {
        if (_phase is StagePhase.Running)
        {
            _phase = StagePhase.Cancelled;
            _span?.Dispose();
            await EndRanks(cancellationToken);
        }
    }

    internal static RunSettings RunOf(Stage stage) => stage.Kind is StageKind.Align
        ? stage.SettingsAs<AlignSettings>().Run
        : stage.SettingsAs<TrainSettings>().Run;

    private IRankGrain Rank(int rank)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{Key}/{rank}");
        return _stage!.Kind is StageKind.Align ? grains.GetGrain<IAlignmentWorkerGrain>(key) : grains.GetGrain<ITrainerGrain>(key);
    }

    private async Task FailRun(StageFailure failure, CancellationToken cancellationToken)
    {
        (_phase, _failure) = (StagePhase.Failed, failure);
        _span?.SetStatus(ActivityStatusCode.Error, failure.Message).Dispose();
        LogFailed(failure.Message);
        await EndRanks(cancellationToken);
    }

    private async Task EndRanks(CancellationToken cancellationToken)
    {
        await Task.WhenAll(Enumerable.Range(0, _worldSize).Select(rank => Rank(rank).End(run.State.GenerationNumber, cancellationToken)));
        await replicas.Close(Key, run.State.GenerationNumber);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Title}: {WorldSize} virtual ranks begin under generation number {GenerationNumber}")]
    private partial void LogStarted(string title, int worldSize, long generationNumber);

    [LoggerMessage(Level = LogLevel.Error, Message = "Rank {Rank} failed: {Reason}")]
    private partial void LogRankFailed(int rank, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The run ends: {Reason} Run the spec again to resume from its last checkpoint")]
    private partial void LogFailed(string reason);
}

/// <summary>A run's durable state.</summary>
public sealed record RunState
{
    /// <summary>Raised with every plan; messages of an older one are ignored.</summary>
    public long GenerationNumber { get; init; }
}
