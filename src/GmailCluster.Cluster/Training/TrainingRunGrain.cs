using System.Diagnostics;
using System.Globalization;
using GmailCluster.Cluster.Checkpoints;
using GmailCluster.Cluster.Stages;
using GmailCluster.Cluster.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Training;

/// <inheritdoc cref="ITrainingRunGrain"/>
/// <remarks>
/// Keeps in the store what is trained and the generation number. When its silo dies the next call, a rank's report or a look of
/// the experiment, activates it elsewhere, and it takes the run up again.
/// </remarks>
internal sealed partial class TrainingRunGrain(
    [PersistentState("run", ObjectStoreGrainStorage.Name)] IPersistentState<RunState> run,
    IObjectStore store,
    IGrainFactory grains,
    ISiloStatusOracle oracle,
    IOptions<RunOptions> options,
    TimeProvider time,
    ILogger<TrainingRunGrain> logger) : Grain, ITrainingRunGrain, IRunLedger, ISiloStatusListener
{
    /// <summary>Why a run has its first plan.</summary>
    public const string RunBegins = "the run begins";

    private const int EventsKept = 100;
    private static readonly TimeSpan ProgressLimit = TimeSpan.FromSeconds(1);

    private RunController? _controller;
    private CancellationTokenSource _stop = new();
    private Task _leading = Task.CompletedTask;
    private bool _isRaised;
    private RunProgress? _progress;
    private Activity? _span;

    private ArtifactKey Key => new(this.GetPrimaryKeyString());

    long IRunLedger.GenerationNumber => run.State.GenerationNumber;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (run.State is { Phase: StagePhase.Running, Stage: { } stage })
        {
            if (await StageRecords.Read(store, Key, cancellationToken) is not null)
            {
                run.State = run.State with { Phase = StagePhase.Done };
                return;
            }

            Lead(stage, "the silo of the run's owner was lost and another took over", wasLed: true);
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        oracle.UnSubscribeFromSiloStatusEvents(this);
        await _stop.CancelAsync();
        await _leading;
        _stop.Dispose();
    }

    public async Task Start(Stage stage, CancellationToken cancellationToken)
    {
        if (run.State.Phase is StagePhase.Running or StagePhase.Done && (_controller is not null || run.State.Phase is StagePhase.Done))
        {
            return;
        }

        if (await StageRecords.Read(store, Key, cancellationToken) is not null)
        {
            run.State = run.State with { Phase = StagePhase.Done, Stage = stage };
            return;
        }

        var next = run.State with { GenerationNumber = run.State.GenerationNumber + 1, Phase = StagePhase.Running, Stage = stage, TraceParent = TraceParent.Current, Failure = null };
        await run.Save(next, DeactivateOnIdle, cancellationToken);
        _isRaised = true;
        if (next.GenerationNumber > 1)
        {
            Metrics.Recoveries.Add(1, new KeyValuePair<string, object?>(Attributes.StageKind, Words.Of(stage.Kind)));
        }

        var worldSize = RunOf(stage).WorldSize;
        LogStarted(stage.Title, worldSize, next.GenerationNumber);
        Lead(stage, next.GenerationNumber == 1 ? RunBegins : "the run was started again", wasLed: false);
    }

    public async Task Report(RankReport report, CancellationToken cancellationToken)
    {
        if (_controller is { } controller && run.State.Phase is StagePhase.Running)
        {
            controller.Report(report);
        }
        else
        {
            await grains.GetGrain<INodeGrain>(report.Silo).CloseRun(Key, run.State.GenerationNumber, saveState: false, cancellationToken);
        }
    }

    public Task<RunPlan?> GetPlan(CancellationToken cancellationToken) => Task.FromResult(_controller?.Plan);

    public Task<IReadOnlyList<RunEvent>> GetEvents(CancellationToken cancellationToken) => Task.FromResult(run.State.Events);

    public async Task<StageProgress> GetProgress(CancellationToken cancellationToken)
    {
        var steps = run.State.Stage?.Size ?? 0;
        if (run.State.Phase is not StagePhase.Running || _controller is not { } controller)
        {
            var phase = run.State.Phase is StagePhase.Running ? StagePhase.Pending : run.State.Phase;
            return new StageProgress(phase, phase is StagePhase.Done ? steps : 0, steps, null, run.State.Failure);
        }

        await Refresh(controller, cancellationToken);
        return new StageProgress(StagePhase.Running, _progress?.CommittedSteps ?? 0, steps, Detail(controller.Plan), null, controller.StepsBefore, _progress?.Warning,
            run.State.Events.Count == 0 ? null : run.State.Events[^1].Time);
    }

    public async Task Cancel(CancellationToken cancellationToken)
    {
        if (run.State.Phase is StagePhase.Running)
        {
            await _stop.CancelAsync();
            await _leading;
            if (_controller is { } controller)
            {
                await controller.Close();
            }

            await Conclude(run.State with { Phase = StagePhase.Cancelled });
        }
    }

    void ISiloStatusListener.SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status) => _controller?.SilosChanged();

    async Task<long> IRunLedger.RaiseGeneration(CancellationToken cancellationToken)
    {
        if (_isRaised)
        {
            _isRaised = false; // by Start, so that a store that refuses is the caller's to know
        }
        else
        {
            Metrics.Recoveries.Add(1, new KeyValuePair<string, object?>(Attributes.StageKind, Words.Of(run.State.Stage!.Kind)));
            await run.Save(run.State with { GenerationNumber = run.State.GenerationNumber + 1 }, DeactivateOnIdle, cancellationToken);
        }

        return run.State.GenerationNumber;
    }

    Task<int?> IRunLedger.FindNewestCheckpoint(CancellationToken cancellationToken) => new CheckpointStore(store, Key).FindNewestStep(cancellationToken);

    void IRunLedger.Tell(string text)
    {
        if (run.State.Events.Count > 0 && run.State.Events[^1].Text == text)
        {
            return; // it still waits for the same thing
        }

        LogEvent(run.State.Stage!.Title, text);
        run.State = run.State with { Events = [.. run.State.Events.TakeLast(EventsKept - 1), new RunEvent(time.GetUtcNow(), text)] };
    }

    internal static RunSettings RunOf(Stage stage) => stage.Kind is StageKind.Align
        ? stage.SettingsAs<AlignSettings>().Run
        : stage.SettingsAs<TrainSettings>().Run;

    /// <summary>A run's generation number as the store has it.</summary>
    internal static async Task<long> StoredGeneration(IObjectStore store, ArtifactKey run, CancellationToken cancellationToken) =>
        (await ObjectStoreGrainStorage.Read<RunState>(store, "run", run.Value, cancellationToken))?.GenerationNumber ?? 0;

    private void Lead(Stage stage, string reason, bool wasLed)
    {
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        _progress = null;
        _controller = new RunController(stage, RunOf(stage).WorldSize, new GrainRunSilos(stage, grains, oracle), this, options.Value, time);
        this.DelayDeactivation(TimeSpan.FromDays(365)); // the run is work in hand although no call is
        oracle.SubscribeToSiloStatusEvents(this);
        _span = Spans.Run.StartUnder(run.State.TraceParent)?.WithRun(Key).WithGenerationNumber(run.State.GenerationNumber).With(Attributes.WorldSize, RunOf(stage).WorldSize);
        _leading = Follow(_controller, stage, reason, wasLed, _stop.Token);
    }

    private async Task Follow(RunController controller, Stage stage, string reason, bool wasLed, CancellationToken stop)
    {
        try
        {
            var failure = await controller.Run(reason, wasLed, stop);
            if (failure is not null)
            {
                _span?.SetStatus(ActivityStatusCode.Error, failure.Message);
                LogFailed(stage.Title, failure.Message);
            }

            await Conclude(run.State with { Phase = failure is null ? StagePhase.Done : StagePhase.Failed, Failure = failure });
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Cancelled, or the activation ends: whoever stopped it says what comes next.
        }
#pragma warning disable CA1031 // Another activation owns the run, or the store does not answer: the next call starts from the store.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogLeft(stage.Title, e);
            _controller = null;
            DeactivateOnIdle();
        }
        finally
        {
            _span?.Dispose();
        }
    }

    // The end is told even if it cannot be written: the store then still says "running", and whoever asks there next goes on.
    private async Task Conclude(RunState end)
    {
        try
        {
            await run.Save(end, () => { }, CancellationToken.None);
        }
#pragma warning disable CA1031 // See above.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotSaved(end.Phase, e);
        }
    }

    private async Task Refresh(RunController controller, CancellationToken cancellationToken)
    {
        if (controller.Plan is not { } plan)
        {
            return;
        }

        try
        {
            var progress = await grains.GetGrain<INodeGrain>(plan.Writer).GetRunProgress(Key, cancellationToken).WaitAsync(ProgressLimit, time, cancellationToken);
            _progress = progress ?? _progress;
        }
#pragma warning disable CA1031 // What was known before is said again; that the silo is lost shows otherwise.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNoProgress(plan.Writer, e.Message);
        }
    }

    private string? Detail(RunPlan? plan)
    {
        if (plan is null)
        {
            return run.State.Events.Count == 0 ? null : run.State.Events[^1].Text;
        }

        var loss = _progress?.LastLoss is { } last ? string.Create(CultureInfo.InvariantCulture, $"loss {last:0.0000}") : null;
        return plan.Members.Count == 1 ? loss : string.Join(", ", new[] { loss, $"on {plan.Members.Count} silos" }.Where(part => part is not null));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Title}: {WorldSize} virtual ranks begin under generation number {GenerationNumber}")]
    private partial void LogStarted(string title, int worldSize, long generationNumber);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Title}: {Text}")]
    private partial void LogEvent(string title, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Title} ends: {Reason} Run the spec again to resume from its last checkpoint")]
    private partial void LogFailed(string title, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Title}: this owner leaves the run; the next call starts from the store")]
    private partial void LogLeft(string title, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The run is {Phase}, but that could not be written; asked again, it goes on from what the store says")]
    private partial void LogNotSaved(StagePhase phase, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Silo} does not say how far the run is: {Reason}")]
    private partial void LogNoProgress(string silo, string reason);
}
