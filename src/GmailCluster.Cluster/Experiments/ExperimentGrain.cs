using GmailCluster.Cluster.Stages;
using GmailCluster.Cluster.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Experiments;

/// <inheritdoc cref="IExperimentGrain"/>
/// <remarks>
/// Looks after its stages on a timer rather than waiting to be called: a stage's grain that died with its silo is found
/// missing, started again, and goes on from what is in the store.
/// </remarks>
internal sealed partial class ExperimentGrain(
    [PersistentState("experiment", ObjectStoreGrainStorage.Name)] IPersistentState<ExperimentState> experiment,
    IObjectStore store, IGrainFactory grains, ComputePool pool, ILogger<ExperimentGrain> logger) : Grain, IExperimentGrain
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<ArtifactKey, StageStatus> _status = [];
    private IGrainTimer? _timer;

    public async Task Submit(ExperimentOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (experiment.State.Phase is StagePhase.Running && _timer is not null
            && experiment.State.Order!.Stages.Select(stage => stage.Settings).SequenceEqual(order.Stages.Select(stage => stage.Settings)))
        {
            return;
        }

        StopLooking();
        await experiment.Save(new ExperimentState { Order = order, Phase = StagePhase.Running }, DeactivateOnIdle, cancellationToken);
        await Resume(cancellationToken);
    }

    public Task<ExperimentStatus> GetStatus(CancellationToken cancellationToken)
    {
        var stages = experiment.State.Order?.Stages.Select(stage => _status.GetValueOrDefault(stage.Key) ?? Pending(stage)).ToArray() ?? [];
        return Task.FromResult(new ExperimentStatus(experiment.State.Phase, stages, experiment.State.Failure));
    }

    public async Task Cancel(CancellationToken cancellationToken)
    {
        if (experiment.State.Phase is not StagePhase.Running)
        {
            return;
        }

        StopLooking();
        await Task.WhenAll(Running().Select(stage => Owner(stage).Cancel(cancellationToken)));
        await Conclude(experiment.State with { Phase = StagePhase.Cancelled });
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (experiment.State.Phase is StagePhase.Running)
        {
            await Resume(cancellationToken);
        }
    }

    private async Task Resume(CancellationToken cancellationToken)
    {
        _status.Clear();
        var records = await Task.WhenAll(experiment.State.Order!.Stages.Select(async stage =>
            (Stage: stage, Record: await StageRecords.Read(store, stage.Key, cancellationToken))));
        foreach (var (stage, _) in records.Where(pair => pair.Record is not null))
        {
            _status[stage.Key] = new StageStatus(stage.Key, new StageProgress(StagePhase.Done, stage.Size, stage.Size), Cached: true);
        }

        _timer = this.RegisterGrainTimer(Look, TimeSpan.Zero, Period);
    }

    private async Task Look(CancellationToken cancellationToken)
    {
        foreach (var stage in Running().ToArray())
        {
            var progress = await Owner(stage).GetProgress(cancellationToken);
            if (progress.Phase is StagePhase.Pending && !await TryStart(stage, cancellationToken)) // its grain was lost with a silo
            {
                return;
            }

            _status[stage.Key] = new StageStatus(stage.Key, progress with { Phase = progress.Phase is StagePhase.Pending ? StagePhase.Running : progress.Phase }, Cached: false);
            if (progress.Phase is StagePhase.Failed or StagePhase.Cancelled)
            {
                await End(stage, progress);
                return;
            }
        }

        await StartReady(cancellationToken);
        if (experiment.State.Order!.Stages.All(IsDone))
        {
            StopLooking();
            await Conclude(experiment.State with { Phase = StagePhase.Done });
        }
    }

    // As many stages as there are slots: while the ranks of one run meet, those of another compute.
    private async Task StartReady(CancellationToken cancellationToken)
    {
        var free = pool.Slots - Running().Count();
        foreach (var stage in experiment.State.Order!.Stages.Where(IsReady).Take(free).ToArray())
        {
            _status[stage.Key] = new StageStatus(stage.Key, new StageProgress(StagePhase.Running, 0, stage.Size), Cached: false);
            if (!await TryStart(stage, cancellationToken))
            {
                return;
            }
        }
    }

    private async Task<bool> TryStart(Stage stage, CancellationToken cancellationToken)
    {
        try
        {
            await Owner(stage).Start(stage, cancellationToken);
            return true;
        }
#pragma warning disable CA1031 // A stage that cannot start has failed; one whose silo could not be reached is looked for again.
        catch (Exception e) when (e is not (OperationCanceledException or SiloUnavailableException or OrleansMessageRejectionException or TimeoutException))
#pragma warning restore CA1031
        {
            await End(stage, new StageProgress(StagePhase.Failed, 0, stage.Size, null, StageFailure.From(e)));
            return false;
        }
    }

    private async Task End(Stage stage, StageProgress progress)
    {
        StopLooking();
        _status[stage.Key] = new StageStatus(stage.Key, progress, Cached: false);
        var failure = progress.Failure is { } words ? words with { Message = $"{stage.Title}: {words.Message}" } : null;
        LogEnded(stage.Title, progress.Phase, failure?.Message);
        await Task.WhenAll(Running().Select(other => Owner(other).Cancel(CancellationToken.None)));
        await Conclude(experiment.State with { Phase = progress.Phase, Failure = failure });
    }

    // Disposing a timer cancels the token of its callback, so whatever the callback still does after this takes none.
    private void StopLooking()
    {
        _timer?.Dispose();
        _timer = null;
    }

    private bool IsDone(Stage stage) => _status.TryGetValue(stage.Key, out var status) && status.Progress.Phase is StagePhase.Done;

    private bool IsReady(Stage stage) => !_status.ContainsKey(stage.Key)
        && stage.Needs.All(need => _status.TryGetValue(need, out var status) && status.Progress.Phase is StagePhase.Done);

    private IEnumerable<Stage> Running() => experiment.State.Order!.Stages
        .Where(stage => _status.TryGetValue(stage.Key, out var status) && status.Progress.Phase is StagePhase.Running);

    private static StageStatus Pending(Stage stage) => new(stage.Key, new StageProgress(StagePhase.Pending, 0, stage.Size), Cached: false);

    private IStageGrain Owner(Stage stage) => stage.Kind switch
    {
        StageKind.Generate => grains.GetGrain<IGenerationGrain>(stage.Key.Value),
        StageKind.Align or StageKind.Caption or StageKind.Retrieve or StageKind.Long or StageKind.Llava =>
            grains.GetGrain<ITrainingRunGrain>(stage.Key.Value),
        _ => grains.GetGrain<IWorkGrain>(stage.Key.Value),
    };

    // The end is told even if it cannot be written: the store then still says "running", and whoever asks there next goes on.
    private async Task Conclude(ExperimentState end)
    {
        try
        {
            await experiment.Save(end, () => { }, CancellationToken.None);
        }
#pragma warning disable CA1031 // A store that takes no more is a failure like any other, but the first reason is the one to tell.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotSaved(end.Phase, e);
            if (end.Phase is not StagePhase.Cancelled && end.Failure is null)
            {
                experiment.State = end with { Phase = StagePhase.Failed, Failure = StageFailure.From(e) };
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Stage} ended the experiment: {Phase} {Reason}")]
    private partial void LogEnded(string stage, StagePhase phase, string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The experiment is {Phase}, but that could not be written; asked again, it goes on from what the store says")]
    private partial void LogNotSaved(StagePhase phase, Exception exception);
}

/// <summary>An experiment's durable state.</summary>
public sealed record ExperimentState
{
    /// <summary>What was submitted.</summary>
    public ExperimentOrder? Order { get; init; }

    /// <summary>The whole.</summary>
    public StagePhase Phase { get; init; }

    /// <summary>Why it failed.</summary>
    public StageFailure? Failure { get; init; }
}
