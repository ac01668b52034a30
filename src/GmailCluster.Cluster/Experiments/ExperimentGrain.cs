using GmailCluster.Cluster.Nodes;
using GmailCluster.Cluster.Stages;
using GmailCluster.Cluster.Storage;
using GmailCluster.Cluster.Training;
using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Experiments;

/// <inheritdoc cref="IExperimentGrain"/>
/// <remarks>
/// Looks after its stages on a timer rather than waiting to be called: a stage's grain that died with its silo is found
/// missing, started again, and goes on from what is in the store. A detached experiment that loses its own silo is called by
/// <see cref="ExperimentWatchdog"/> and does the same.
/// </remarks>
internal sealed partial class ExperimentGrain(
    [PersistentState("experiment", ObjectStoreGrainStorage.Name)] IPersistentState<ExperimentState> experiment,
    IObjectStore store, IGrainFactory grains, ClusterCapacity capacity, ILocalSiloDetails silo, IExperimentReporter reporter, TimeProvider time,
    IOptions<ExperimentOptions> options, ILogger<ExperimentGrain> logger) : Grain, IExperimentGrain
{
    private const string NoAnswer = "Its silo does not answer; if it is lost, the stage goes on elsewhere.";

    private readonly StageBoard _board = new();
    private readonly ExperimentTrace _trace = new(time);
    private readonly StageOwners _owners = new(grains, capacity, time);
    private ExperimentNotes _notes = null!; // since activation
    private IGrainTimer? _timer;
    private string? _activity;

    // Until when each run's events are in the journal. Of a run taken up from a lost silo they are told again: better twice than not.
    private readonly Dictionary<ArtifactKey, DateTimeOffset> _heard = [];

    private string Id => this.GetPrimaryKeyString();

    public async Task Submit(ExperimentOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (_timer is not null && _board.Stages.Select(stage => stage.Settings).SequenceEqual(order.Stages.Select(stage => stage.Settings)))
        {
            return;
        }

        await Begin(order, "Submitted", cancellationToken);
    }

    public async Task<bool> Resume(CancellationToken cancellationToken)
    {
        if (experiment.State.Order is { } order && _timer is null)
        {
            await Begin(order, "Resumed", cancellationToken);
        }

        return experiment.State.Order is not null;
    }

    public Task<ExperimentStatus> GetStatus(CancellationToken cancellationToken) => Task.FromResult(
        new ExperimentStatus(experiment.State.Phase, _board.Show(experiment.State.Phase is StagePhase.Running, _owners.Slots), experiment.State.Failure, _activity));

    public Task<ExperimentOrder?> GetOrder(CancellationToken cancellationToken) => Task.FromResult(experiment.State.Order);

    public Task<IReadOnlyList<ExperimentEvent>> GetEvents(long after, CancellationToken cancellationToken) => Task.FromResult(_notes.Journal.After(after));

    public async Task Cancel(CancellationToken cancellationToken)
    {
        if (experiment.State.Phase is not StagePhase.Running)
        {
            return;
        }

        StopLooking();
        await _owners.Cancel(_board.Running);
        _board.CancelRunning();
        await Conclude(experiment.State with { Phase = StagePhase.Cancelled }, ExperimentEventKind.Cancelled, "Cancelled. Resuming goes on from what is in the store.");
    }

    public async Task Attend(CancellationToken cancellationToken)
    {
        if (experiment.State.Phase is not StagePhase.Running)
        {
            await RunningExperiments.Unmark(store, Id, cancellationToken);
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _trace.End(experiment.State.Phase, experiment.State.Failure);
        return Task.CompletedTask;
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _notes = new ExperimentNotes(store, await ExperimentJournal.Open(store, Id, time, cancellationToken), time, logger);
        if (experiment.State.Order is null)
        {
            return;
        }

        _board.Begin(experiment.State.Order.Stages, await FindDone(experiment.State.Order.Stages, cancellationToken), experiment.State.Cached);

        // One that is not detached ended with its submitter, whatever the store says; submitted again, it begins again.
        if (experiment.State is { Phase: StagePhase.Running, Order.IsDetached: true })
        {
            _trace.Begin(Id, experiment.State.TraceParent);
            _notes.Journal.Add(ExperimentEventKind.Moved, null, $"Looked after by {silo.SiloAddress.ToParsableString()} from now on: the silo that did before was lost or went down.");
            StartLooking();
        }
    }

    private async Task Begin(ExperimentOrder order, string what, CancellationToken cancellationToken)
    {
        StopLooking();
        if (order.IsDetached)
        {
            await RefuseOtherStore(order, cancellationToken);
            await RunningExperiments.Mark(store, Id, cancellationToken);
        }

        var traceParent = _trace.Begin(Id);
        var done = await FindDone(order.Stages, cancellationToken);
        await experiment.Save(
            new ExperimentState { Order = order, Phase = StagePhase.Running, SubmittedAt = time.GetUtcNow(), Cached = [.. done], TraceParent = traceParent }, DeactivateOnIdle, cancellationToken);
        _notes.Journal.Add(ExperimentEventKind.Submitted, null, $"{what}: {order.Stages.Count} stages, {done.Count} of them done before.");
        _board.Begin(order.Stages, done, done);
        StartLooking();
        await _notes.Write(Summary(), cancellationToken); // whoever lists experiments once this is answered finds it running
    }

    // The submitter has just written the spec to the store that it took for the cluster's, and the pictures before it.
    private async Task RefuseOtherStore(ExperimentOrder order, CancellationToken cancellationToken)
    {
        if (await store.Stat($"experiments/{order.Id}/spec.yaml", cancellationToken) is null)
        {
            throw new InputException(
                "--store", $"names another store than the cluster's, which is {store.Location}.", "Name that one, as this machine reaches it.");
        }
    }

    private async Task<HashSet<ArtifactKey>> FindDone(IReadOnlyList<Stage> stages, CancellationToken cancellationToken)
    {
        var records = await Task.WhenAll(stages.Select(stage => StageRecords.Read(store, stage.Key, cancellationToken)));
        return [.. records.OfType<StageRecord>().Select(record => record.Key)];
    }

    private async Task Look(CancellationToken cancellationToken)
    {
        var looks = await Task.WhenAll(_board.Running.Select(async stage => (Stage: stage, Progress: await _owners.TryGetProgress(stage, cancellationToken))));
        foreach (var (stage, progress) in looks)
        {
            if (!await TakeIn(stage, progress, cancellationToken))
            {
                return;
            }
        }

        if (!await StartReady(cancellationToken))
        {
            return;
        }

        await _notes.WriteNowAndThen(Summary(), cancellationToken);
        if (_board.DoneCount == _board.Stages.Count)
        {
            await Finish();
        }
    }

    // False when the stage ended the experiment.
    private async Task<bool> TakeIn(Stage stage, StageProgress? progress, CancellationToken cancellationToken)
    {
        var before = _board[stage];
        switch (progress?.Phase)
        {
            case null:
                _board[stage] = before with { Reason = NoAnswer };
                return true;
            case StagePhase.Pending: // its grain was lost with a silo
                return await TryStart(stage, "its silo was lost", cancellationToken);
            case StagePhase.Cancelled: // not by this experiment, which would no longer look
                return await TryStart(stage, "its silo went down, or another experiment that shares it was cancelled", cancellationToken);
            case StagePhase.Failed:
                await Fail(stage, progress);
                return false;
            case StagePhase.Done:
                _trace.EndStage(stage.Key, StagePhase.Done);
                _notes.Journal.Add(ExperimentEventKind.StageDone, stage.Key, $"{stage.Title} is done.");
                break;
        }

        if (progress.Warning is { } warning && warning != before.Progress.Warning)
        {
            _notes.Journal.Add(ExperimentEventKind.Warning, stage.Key, $"{stage.Title}: {warning}");
        }

        var reason = before.Reason == NoAnswer ? null : before.Reason;
        _board[stage] = new StageStatus(stage.Key, progress, Cached: false, await Retell(stage, progress, cancellationToken) ?? reason);
        return true;
    }

    // What a run says of its plans goes into the journal; that of its beginning is no news.
    private async Task<string?> Retell(Stage stage, StageProgress progress, CancellationToken cancellationToken)
    {
        var heard = _heard.GetValueOrDefault(stage.Key);
        if (progress.EventAt is not { } at || at <= heard)
        {
            return null;
        }

        string? last = null;
        foreach (var told in await _owners.EventsSince(stage, heard, cancellationToken))
        {
            _heard[stage.Key] = told.Time;
            if (!told.Text.EndsWith(TrainingRunGrain.RunBegins, StringComparison.Ordinal))
            {
                last = $"{told.Text}.";
                _notes.Journal.Add(ExperimentEventKind.StageReplanned, stage.Key, $"{stage.Title}: {last}");
            }
        }

        return last;
    }

    // As many stages as the cluster has slots: while the ranks of one run meet, those of another compute.
    private async Task<bool> StartReady(CancellationToken cancellationToken)
    {
        var ready = _board.Ready;
        if (ready.Count == 0)
        {
            return true;
        }

        await _owners.CountSlots(cancellationToken);
        foreach (var stage in ready.Take(_owners.Slots - _board.Running.Count))
        {
            _board.Start(stage);
            if (!await TryStart(stage, null, cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    // False when the stage could not start and ended the experiment. One whose silo could not be reached is looked for again.
    private async Task<bool> TryStart(Stage stage, string? restarted, CancellationToken cancellationToken)
    {
        try
        {
            _trace.BeginStage(stage);
            if (!await _owners.TryStart(stage, _board.Running, cancellationToken))
            {
                return true;
            }

            if (restarted is null)
            {
                _notes.Journal.Add(ExperimentEventKind.StageStarted, stage.Key, $"{stage.Title} started.");
            }
            else
            {
                _notes.Journal.Add(ExperimentEventKind.StageRestarted, stage.Key, $"{stage.Title} was started again: {restarted}. It goes on from what is in the store.");
                _board[stage] = _board[stage] with { Reason = $"Started again: {restarted}." };
            }

            return true;
        }
#pragma warning disable CA1031 // A stage that cannot start has failed, in its words.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            await Fail(stage, new StageProgress(StagePhase.Failed, 0, stage.Size, null, StageFailure.From(e)));
            return false;
        }
    }

    private async Task Fail(Stage stage, StageProgress progress)
    {
        StopLooking();
        _trace.EndStage(stage.Key, StagePhase.Failed, progress.Failure);
        _board[stage] = new StageStatus(stage.Key, progress, Cached: false);
        var failure = progress.Failure! with { Message = $"{stage.Title}: {progress.Failure!.Message}" };
        LogFailed(Id, failure.Message);
        await _owners.Cancel(_board.Running);
        _board.CancelRunning();
        await Conclude(experiment.State with { Phase = StagePhase.Failed, Failure = failure }, ExperimentEventKind.Failed, failure.Message);
    }

    private async Task Finish()
    {
        StopLooking();
        try
        {
            if (experiment.State.Order!.IsReported)
            {
                _activity = "writes the report";
                await reporter.Write(experiment.State.Order, experiment.State.Cached.ToHashSet(), CancellationToken.None);
            }
        }
#pragma warning disable CA1031 // What the report could not be written for is the experiment's failure, told in its words.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var failure = StageFailure.From(e);
            LogFailed(Id, failure.Message);
            await Conclude(experiment.State with { Phase = StagePhase.Failed, Failure = failure }, ExperimentEventKind.Failed, failure.Message);
            return;
        }
        finally
        {
            _activity = null;
        }

        await Conclude(experiment.State with { Phase = StagePhase.Done }, ExperimentEventKind.Done, "Done.");
    }

    private void StartLooking() => _timer = this.RegisterGrainTimer(Look, new GrainTimerCreationOptions(TimeSpan.Zero, options.Value.LookPeriod) { KeepAlive = true });

    // Disposing a timer cancels the token of its callback, so whatever the callback still does after this takes none.
    private void StopLooking()
    {
        _timer?.Dispose();
        _timer = null;
    }

    private ExperimentSummary Summary() => new()
    {
        Id = Id,
        Phase = experiment.State.Phase,
        SubmittedAt = experiment.State.SubmittedAt,
        EndedAt = experiment.State.EndedAt,
        StagesDone = _board.DoneCount,
        StageCount = _board.Stages.Count,
        Failure = experiment.State.Failure?.Message,
    };

    // The end is told even if it cannot be written: the store then still says "running", and whoever asks there next goes on.
    private async Task Conclude(ExperimentState end, ExperimentEventKind kind, string text)
    {
        _trace.End(end.Phase, end.Failure);
        try
        {
            await experiment.Save(end with { EndedAt = time.GetUtcNow() }, () => { }, CancellationToken.None);
            _notes.Journal.Add(kind, null, text);
            await _notes.Write(Summary(), CancellationToken.None);
            if (end.Order!.IsDetached)
            {
                await RunningExperiments.Unmark(store, Id, CancellationToken.None);
            }
        }
#pragma warning disable CA1031 // A store that takes no more is a failure like any other, but the first reason is the one to tell.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotSaved(Id, end.Phase, e);
            if (end.Phase is not StagePhase.Cancelled && end.Failure is null)
            {
                experiment.State = end with { Phase = StagePhase.Failed, Failure = StageFailure.From(e) };
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Experiment} ended: {Reason}")]
    private partial void LogFailed(string experiment, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Experiment} is {Phase}, but that could not be written; asked again, it goes on from what the store says")]
    private partial void LogNotSaved(string experiment, StagePhase phase, Exception exception);
}
