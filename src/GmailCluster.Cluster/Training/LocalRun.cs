using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Training;
using GmailCluster.Stages;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>
/// A run on this silo: which generation number it has heard of last, what runs under it, and the copy of the run's state. The
/// fence outlives the copy. All members may be called at once.
/// </summary>
internal sealed partial class LocalRun(ArtifactKey key, RunServices services, Func<bool> isDraining)
{
    // Whoever waits for something long asks again: a call that is answered now and then shows that the silo lives.
    private static readonly TimeSpan ShortPoll = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly ILogger<LocalRun> _logger = services.Loggers.CreateLogger<LocalRun>();
    private RunFence _fence;
    private PlanScope _scope = new(0, Task.CompletedTask);
    private Task<OpenRun>? _opening;
    private TaskCompletionSource? _closed;

    /// <summary>What the silo offers this run.</summary>
    public RunNode Node => new(services.Silo, services.DataPlane.Address, services.Pool.Slots, Opened?.RoundTime, isDraining());

    private OpenRun? Opened => _opening is { IsCompletedSuccessfully: true } opening ? opening.Result : null;

    /// <summary>Ends what runs under older generation numbers.</summary>
    public async Task<RunReport> Prepare(long generationNumber, CancellationToken cancellationToken)
    {
        if (Enter(generationNumber) is not { } scope)
        {
            return new RunReport(services.Silo, RunReadiness.Stale, Node);
        }

        try
        {
            await scope.Cleared.WaitAsync(ShortPoll, services.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new RunReport(services.Silo, RunReadiness.Ending, Node);
        }

        var open = Opened;
        return new RunReport(services.Silo, RunReadiness.Ready, Node, open is not null, open?.CommittedSteps, open?.Seconds ?? 0);
    }

    /// <summary>Loads the model, the data and, if the order says whence, the state.</summary>
    public async Task<LoadAnswer> Load(LoadOrder order, CancellationToken cancellationToken)
    {
        Task<IReadOnlyList<string>> loading;
        lock (_lock)
        {
            if (order.Source is StateSource.None)
            {
                loading = LoadNothing(OpenOnce(order.Run));
            }
            else if (Enter(order.GenerationNumber) is { } scope)
            {
                loading = scope.Loading ??= Task.Run(() => LoadState(order, OpenOnce(order.Run), scope));
            }
            else
            {
                return new LoadAnswer(WorkPhase.Stale, Node);
            }
        }

        try
        {
            var notes = await loading.WaitAsync(LongPoll, services.Time, cancellationToken);
            var open = Opened;
            return open is null
                ? new LoadAnswer(WorkPhase.Stale, Node) // closed meanwhile
                : new LoadAnswer(WorkPhase.Ready, Node, open.Replica.CommittedSteps, open.Seconds, notes);
        }
        catch (TimeoutException) when (!loading.IsFaulted)
        {
            return new LoadAnswer(WorkPhase.Working, Node);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new LoadAnswer(WorkPhase.Stale, Node);
        }
        catch (PeerLostException e)
        {
            return new LoadAnswer(WorkPhase.Failed, Node, Failure: new StageFailure(e.Message, 1), LostSource: true);
        }
#pragma warning disable CA1031 // Whatever went wrong is the run's failure, told in its words.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotLoaded(order.Run.Title, e);
            return new LoadAnswer(WorkPhase.Failed, Node, Failure: StageFailure.From(e));
        }
    }

    /// <summary>Starts a rank's steps.</summary>
    /// <returns>False when a newer generation number has been heard.</returns>
    public bool Begin(RankAssignment assignment)
    {
        lock (_lock)
        {
            if (Enter(assignment.Plan.GenerationNumber) is not { } scope)
            {
                return false;
            }

            scope.Plan = assignment.Plan;
            scope.Walk(assignment.Rank, () => Walk(assignment, scope));
            return true;
        }
    }

    /// <summary>Asks all silos of the run to stop after the same step.</summary>
    /// <param name="generationNumber">The plan; null for whichever runs.</param>
    public void Hold(long? generationNumber = null)
    {
        lock (_lock)
        {
            if (_scope.Plan is not null && (generationNumber is null || generationNumber == _scope.GenerationNumber))
            {
                Opened?.Replica.Hold();
            }
        }
    }

    /// <summary>Writes the trained result and the stage's record, if this plan runs.</summary>
    public async Task<FinishAnswer> Finish(FinishOrder order, CancellationToken cancellationToken)
    {
        Task<FinishAnswer> finishing;
        lock (_lock)
        {
            if (order.GenerationNumber != _scope.GenerationNumber || Opened is not { } open || open.CommittedSteps != open.Replica.Steps)
            {
                return new FinishAnswer(WorkPhase.Stale);
            }

            var stop = _scope.Stop;
            finishing = _scope.Finishing ??= Task.Run(() => Write(open, order, stop));
        }

        try
        {
            return await finishing.WaitAsync(LongPoll, services.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new FinishAnswer(WorkPhase.Working);
        }
    }

    /// <summary>Ends the run here under this generation number or an older one.</summary>
    public async Task Close(long generationNumber, bool saveState)
    {
        PlanScope ending;
        Task<OpenRun>? opening;
        lock (_lock)
        {
            if (generationNumber < _fence.Number)
            {
                return;
            }

            _fence = new RunFence(generationNumber);
            ending = _scope;
            _scope = new PlanScope(generationNumber, ending.End());
            (opening, _opening) = (_opening, null);
        }

        await _scope.Cleared;
        if (opening is not null)
        {
            await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (opening.IsCompletedSuccessfully)
            {
                if (saveState)
                {
                    opening.Result.Save(generationNumber);
                }

                await opening.Result.DisposeAsync();
            }
        }

        lock (_lock)
        {
            _closed?.TrySetResult();
        }
    }

    /// <summary>Ends the run here because the silo goes down.</summary>
    public Task Close() => Close(long.Max(_fence.Number, _scope.GenerationNumber), saveState: _scope.Plan?.Writer == services.Silo);

    /// <summary>Done when the run is not held here any more.</summary>
    public Task WhenClosed()
    {
        lock (_lock)
        {
            return _opening is null ? Task.CompletedTask : (_closed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public RunProgress? GetProgress()
    {
        lock (_lock)
        {
            return Opened is { } open
                ? new RunProgress(key, _scope.Plan?.GenerationNumber, open.Replica.CommittedSteps, open.Replica.LastLoss, open.Warning, Node, _scope.Reports)
                : null;
        }
    }

    // What runs under an older number is told to end by the first that hears of a newer one.
    private PlanScope? Enter(long generationNumber)
    {
        lock (_lock)
        {
            (_fence, var isAdmitted) = _fence.Hear(generationNumber);
            if (!isAdmitted)
            {
                return null;
            }

            if (generationNumber > _scope.GenerationNumber)
            {
                _scope = new PlanScope(generationNumber, _scope.End());
            }

            return _scope;
        }
    }

    private Task<OpenRun> OpenOnce(Stage stage)
    {
        lock (_lock)
        {
            if (_opening is null or { IsFaulted: true } or { IsCanceled: true })
            {
                _opening = Task.Run(() => OpenRun.Open(stage, services, CancellationToken.None));
            }

            return _opening;
        }
    }

    private static async Task<IReadOnlyList<string>> LoadNothing(Task<OpenRun> opening)
    {
        await opening;
        return [];
    }

    private static async Task<IReadOnlyList<string>> LoadState(LoadOrder order, Task<OpenRun> opening, PlanScope scope)
    {
        await scope.Cleared;
        var open = await opening.WaitAsync(scope.Stop);
        return await open.Load(order, scope.Stop);
    }

    private async Task<FinishAnswer> Write(OpenRun open, FinishOrder order, CancellationToken stop)
    {
        try
        {
            if (await services.StoredGeneration(key, stop) != order.GenerationNumber)
            {
                return new FinishAnswer(WorkPhase.Stale);
            }

            await open.WriteResult(order, stop);
            return new FinishAnswer(WorkPhase.Ready);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return new FinishAnswer(WorkPhase.Stale);
        }
#pragma warning disable CA1031 // What the result could not be written for is the run's failure.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNotWritten(order.Run.Title, e);
            return new FinishAnswer(WorkPhase.Failed, StageFailure.From(e));
        }
    }

    private async Task Walk(RankAssignment assignment, PlanScope scope)
    {
        try
        {
            if (await Steps(assignment, scope) is { } report)
            {
                lock (_lock)
                {
                    scope.Reports = [.. scope.Reports, report];
                }

                await services.Report(key, report, scope.Stop);
            }
        }
        catch (OperationCanceledException) when (scope.Stop.IsCancellationRequested)
        {
            // The plan is over: nobody waits for this report.
        }
    }

    private async Task<RankReport?> Steps(RankAssignment assignment, PlanScope scope)
    {
        var (rank, plan) = (assignment.Rank, assignment.Plan);
        RankReport Ended(RankEnding ending) => new(rank, plan.GenerationNumber, services.Silo, ending);
        try
        {
            await scope.Cleared;
            var replica = await Join(plan, scope);
            for (var step = plan.ResumeStep; step < replica.Steps; step++)
            {
                using var span = Spans.Step.Start()?.WithRun(key).WithRank(rank).WithGenerationNumber(plan.GenerationNumber).WithStep(step);
                if (!await replica.RunStep(rank, step, scope.Stop) && step + 1 < replica.Steps)
                {
                    return Ended(RankEnding.Held);
                }
            }

            return Ended(RankEnding.Finished);
        }
#pragma warning disable CA1031 // A plan that is over ends its ranks in many ways: none of them matters.
        catch (Exception) when (scope.Stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return null;
        }
        catch (PeerLostException e)
        {
            lock (_lock)
            {
                var isFirst = !scope.IsLossTold;
                scope.IsLossTold = true;
                return isFirst ? Ended(RankEnding.PeerLost) with { LostSilo = e.Silo, Reason = e.Message, LostBy = e.By } : null;
            }
        }
#pragma warning disable CA1031 // Whatever else went wrong is the run's failure, told in its words.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(rank, assignment.Run.Title, e);
            return Ended(RankEnding.Failed) with { Failure = StageFailure.From(e) };
        }
    }

    private async Task<TrainingReplica> Join(RunPlan plan, PlanScope scope)
    {
        var open = Opened;
        if (open?.CommittedSteps is not { } steps || (steps < plan.ResumeStep))
        {
            throw new PeerLostException(services.Silo, $"it has the state of step {open?.CommittedSteps?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"}, not of step {plan.ResumeStep}");
        }

        Task<IRunExchange?> joining;
        lock (_lock)
        {
            joining = scope.Joining ??= Task.Run(() => Meet(open, plan, scope));
        }

        await joining;
        return open.Replica;
    }

    private async Task<IRunExchange?> Meet(OpenRun open, RunPlan plan, PlanScope scope)
    {
        var here = plan.Members.Single(member => member.Silo == services.Silo);
        IRunExchange? exchange = null;
        if (plan.Members.Count > 1)
        {
            var members = plan.Members.Select(member => new ExchangeMember(member.Silo, member.Address, member.FirstRank, member.RankCount)).ToArray();
            exchange = await services.DataPlane.Join(
                new ExchangePlan(
                    key, plan.GenerationNumber, plan.WorldSize, members, Array.FindIndex(members, member => member.Silo == services.Silo), open.Replica.Wire),
                scope.Stop);
        }

        open.Begin(plan, new RankBlock(here.FirstRank, here.RankCount), exchange);
        return exchange;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Rank {Rank} of {Run} could not go on; the run is told")]
    private partial void LogFailed(int rank, string run, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Run} could not be loaded here; the run is told")]
    private partial void LogNotLoaded(string run, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The result of {Run} could not be written; the run is told")]
    private partial void LogNotWritten(string run, Exception exception);
}
