using System.Globalization;
using System.Threading.Channels;
using GmailCluster.Grains;
using GmailCluster.Stages;
using GmailCluster.Telemetry;

namespace GmailCluster.Cluster.Training;

/// <summary>
/// Leads a run from plan to plan to its end: asks the silos what they hold, decides where the run goes on and who takes which
/// ranks, begins them, and watches until something asks for another plan. Knows no grain and keeps nothing that matters: it may
/// end at any moment, and another one goes on from the generation number in the store.
/// </summary>
/// <param name="stage">What is trained.</param>
/// <param name="worldSize">Virtual ranks R.</param>
/// <param name="silos">The silos.</param>
/// <param name="ledger">What outlives the controller.</param>
/// <param name="options">Limits.</param>
/// <param name="time">The clock.</param>
internal sealed class RunController(Stage stage, int worldSize, IRunSilos silos, IRunLedger ledger, RunOptions options, TimeProvider time)
{
    private readonly Channel<Signal> _signals = Channel.CreateUnbounded<Signal>();
    private readonly Dictionary<string, Task> _warming = new(StringComparer.Ordinal);
    private readonly Dictionary<(string A, string B), List<long>> _breaks = [];
    private readonly HashSet<string> _suspects = new(StringComparer.Ordinal);
    private IReadOnlyList<RunMember> _members = [];
    private string? _writer;
    private readonly List<string> _passedOver = [];
    private int? _resumedAt;
    private int _furthest; // steps that a silo has been seen to have committed

    /// <summary>The plan that runs; null while one is made.</summary>
    public RunPlan? Plan { get; private set; }

    /// <summary>Steps that were done when the run was taken up.</summary>
    public int StepsBefore => _resumedAt ?? 0;

    /// <summary>A rank's steps have ended. May be called from any thread.</summary>
    public void Report(RankReport report) => _signals.Writer.TryWrite(new Signal.Rank(report));

    /// <summary>Silos have come or gone. May be called from any thread.</summary>
    public void SilosChanged() => _signals.Writer.TryWrite(new Signal.Silos());

    /// <summary>Leads the run to its end.</summary>
    /// <param name="reason">Why it is taken up, in words.</param>
    /// <param name="wasLed">Another owner led it, who was lost: that is a recovery, too.</param>
    /// <param name="stop">Ends the leading, not the run: its ranks go on until somebody makes another plan.</param>
    /// <returns>Null when it is done; else why it failed.</returns>
    public async Task<StageFailure?> Run(string reason, bool wasLed, CancellationToken stop)
    {
        var recovery = wasLed ? new Recovery(stage, reason, hadPlan: true, isOrderly: false, time) : null;
        while (true)
        {
            Plan = null;
            var next = await MakePlan(reason, stop);
            if (next.Plan is { } plan)
            {
                Plan = plan;
                var lost = recovery?.End(plan, _furthest) ?? 0;
                ledger.Tell($"{Describe(plan, lost)}, because {reason}");
                recovery = null;
                next = await Watch(plan, Begin(plan, stop), stop);
            }

            if (next.IsEnd)
            {
                await CloseAll(next.Failure is null ? null : _writer, stop);
                return next.Failure;
            }

            reason = next.Reason!;
            recovery ??= new Recovery(stage, reason, hadPlan: Plan is not null, next.IsOrderly, time);
        }
    }

    /// <summary>Ends the run everywhere; the writer first saves what has been trained since the last checkpoint.</summary>
    public Task Close() => CloseAll(_writer, CancellationToken.None);

    private async Task<Next> MakePlan(string reason, CancellationToken stop)
    {
        if (silos.Alive().Count == 0)
        {
            return await Wait("waits for a silo: none is alive", stop);
        }

        // In the store before anybody hears of it: ranks of an earlier plan, wherever they are, are then out.
        var generation = await ledger.RaiseGeneration(stop);
        var looking = Ask(async token => new Found(await ledger.FindNewestCheckpoint(token)), options.AnswerLimit, stop);
        var reports = await Prepare(generation, stop);
        if (reports.Any(report => report.Readiness is RunReadiness.Stale))
        {
            throw new InvalidOperationException($"{stage.Title}: another owner has raised the generation number above {generation}.");
        }

        _suspects.Clear();
        var checkpoint = await looking is not null || reports.Any(report => report.CommittedSteps > 0)
            ? (await looking)?.Steps // a store that does not answer holds nobody up who has the state
            : await ledger.FindNewestCheckpoint(stop);
        var decision = RunRecovery.Decide(reports, checkpoint);
        var nodes = Candidates(reports, decision);
        if (nodes.Count == 0)
        {
            await CloseDraining(generation, reports, decision, stop);
            return await Wait($"waits for a silo that takes ranks: {(reports.Count == 0 ? "none answers" : "all are draining")}", stop);
        }

        var members = RunPlanner.Assign(nodes, worldSize, _members);
        _furthest = reports.Select(report => report.CommittedSteps ?? 0).Append(_furthest).Max();
        var (problem, steps, seconds) = await Load(generation, decision, members, reports, stop);
        if (problem is not null)
        {
            await Pause(TimeSpan.FromMilliseconds(50), stop); // it may pass; asking without a breath would only keep the store busy
            return problem;
        }

        (_members, _writer) = (members, WriterOf(members));
        _resumedAt ??= steps;
        var plan = new RunPlan(generation, worldSize, members, steps, _writer, seconds);
        foreach (var left in reports.Where(report => report.Node.IsDraining && members.All(member => member.Silo != report.Silo)))
        {
            await Ask(token => silos.Close(left.Silo, generation, saveState: false, token), options.AnswerLimit, stop); // it has handed over
        }

        return new Next(plan);
    }

    private async Task<IReadOnlyList<RunReport>> Prepare(long generation, CancellationToken stop)
    {
        var reports = await Task.WhenAll(silos.Alive().Select(async silo =>
        {
            var limit = _suspects.Contains(silo) ? options.SuspectAnswerLimit : options.AnswerLimit;
            while (true)
            {
                var report = await Ask(token => silos.Prepare(silo, generation, token), limit, stop);
                if (report?.Readiness is not RunReadiness.Ending)
                {
                    return report;
                }
            }
        }));
        return [.. reports.Where(report => report is not null).Select(report => report!)];
    }

    // While somebody can go on at once, silos that would first have to load the model wait for a later plan.
    private IReadOnlyList<RunNode> Candidates(IReadOnlyList<RunReport> reports, RecoveryDecision decision)
    {
        var willing = reports.Where(report => !report.Node.IsDraining).ToArray();
        var ready = willing.Where(report => report.IsOpen).ToArray();
        var chosen = decision.Source is StateSource.Peer && ready.Length > 0 ? ready : willing;
        return RunPlanner.Connected([.. chosen.Select(report => report.Node)], Separated(), _members);
    }

    private async Task<(Next? Problem, int Steps, double Seconds)> Load(
        long generation, RecoveryDecision decision, IReadOnlyList<RunMember> members, IReadOnlyList<RunReport> reports, CancellationToken stop)
    {
        var (source, steps, address) = (decision.Source, decision.Steps, decision.Holder?.Node.Address);
        var seconds = reports.Max(report => report.Seconds);
        if (source is StateSource.Checkpoint)
        {
            var first = await LoadOn(WriterOf(members), new LoadOrder(stage, generation, StateSource.Checkpoint), stop);
            if (first is not { Phase: WorkPhase.Ready })
            {
                return (Problem(WriterOf(members), first), 0, 0);
            }

            foreach (var note in first.Notes ?? [])
            {
                _passedOver.Add($"passed over a checkpoint: {note}");
                ledger.Tell(_passedOver[^1]);
            }

            (steps, seconds, address) = (first.Steps, first.Seconds, first.Node.Address);
            source = steps == 0 ? StateSource.Own : StateSource.Peer;
        }

        RunNode[] holders = decision.Source is StateSource.Peer
            ? [decision.Holder!.Node, .. reports.Where(report => report.CommittedSteps == steps).Select(report => report.Node)]
            : [.. reports.Where(report => report.Node.Address == address).Select(report => report.Node)];
        var answers = await Task.WhenAll(members.Select(async member =>
        {
            // Whoever could not get it from one silo tries the next that has it.
            var holder = holders.FirstOrDefault(node => !_breaks.ContainsKey(Pair(node.Silo, member.Silo))) ?? holders.FirstOrDefault();
            return (member.Silo, Holder: holder, Answer: await LoadOn(member.Silo, new LoadOrder(stage, generation, source, holder?.Address, steps), stop));
        }));
        foreach (var (silo, holder, _) in answers.Where(answer => answer.Answer is { LostSource: true }))
        {
            NoteBreak(silo, holder!.Silo);
        }

        var failed = answers.FirstOrDefault(pair => pair.Answer is not { Phase: WorkPhase.Ready });
        return failed.Silo is null ? (null, steps, seconds) : (Problem(failed.Silo, failed.Answer), 0, 0);
    }

    private async Task<LoadAnswer?> LoadOn(string silo, LoadOrder order, CancellationToken stop)
    {
        while (true)
        {
            var answer = await Ask(token => silos.Load(silo, order, token), options.BeginLimit, stop);
            if (answer is not { Phase: WorkPhase.Working })
            {
                return answer;
            }
        }
    }

    private static Next Problem(string silo, LoadAnswer? answer) => answer switch
    {
        null or { Phase: WorkPhase.Stale } => new Next($"{silo} does not answer"),
        { LostSource: true } => new Next($"{silo} could not get the run's state: {answer.Failure!.Message}"),
        _ => new Next(Failure: answer.Failure),
    };

    private Task Begin(RunPlan plan, CancellationToken stop)
    {
        return BeginAll();

        async Task BeginAll()
        {
            var begun = await Task.WhenAll(plan.Members.SelectMany(member => Enumerable.Range(member.FirstRank, member.RankCount)
                .Select(async rank => (member.Silo, IsBegun: await BeginRank(member.Silo, new RankAssignment(stage, rank, plan), stop)))));
            if (begun.FirstOrDefault(pair => !pair.IsBegun) is { Silo: { } silo })
            {
                _signals.Writer.TryWrite(new Signal.NotBegun(plan.GenerationNumber, silo));
            }
        }
    }

    private async Task<bool> BeginRank(string silo, RankAssignment assignment, CancellationToken stop)
    {
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < options.BeginLimit && Plan == assignment.Plan && silos.Alive().Contains(silo))
        {
            switch (await Ask(async token => (BeginAnswer?)await silos.Begin(silo, assignment, token), options.BeginLimit, stop))
            {
                case BeginAnswer.Begun:
                    return true;
                case BeginAnswer.Stale:
                    return false;
                case null:
                    await Pause(TimeSpan.FromMilliseconds(50), stop); // its silo is gone, which the cluster is about to notice, or busy
                    break;
            }
        }

        return false;
    }

    private async Task<Next> Watch(RunPlan plan, Task beginning, CancellationToken stop)
    {
        var finished = new HashSet<int>();
        var hold = new Hold(null, 0);
        var (slowLooks, silentLooks) = (0, 0);
        while (true)
        {
            switch (await NextSignal(stop))
            {
                case Signal.Rank { Report: var report } when report.GenerationNumber == plan.GenerationNumber:
                    if (report.Ending is RankEnding.Finished && finished.Add(report.Rank) && finished.Count == worldSize)
                    {
                        return await Finish(plan, stop);
                    }

                    if (Interruption(report, hold) is { } interruption)
                    {
                        return interruption;
                    }

                    break;
                case Signal.NotBegun { Silo: var silo, GenerationNumber: var number } when number == plan.GenerationNumber:
                    return new Next($"{silo} did not begin its ranks");
                case Signal.Silos or null:
                    if (plan.Members.FirstOrDefault(member => !silos.Alive().Contains(member.Silo)) is { } gone)
                    {
                        return new Next($"the cluster has given {gone.Silo} up");
                    }

                    if (hold.Reason is not null && time.GetElapsedTime(hold.Since) > options.HoldLimit)
                    {
                        return new Next($"{hold.Reason}; the step took too long to wait for");
                    }

                    var look = await Look(plan, beginning.IsCompletedSuccessfully, stop);
                    slowLooks = look.IsSlow ? slowLooks + 1 : 0;
                    silentLooks = look.Silent is null ? 0 : silentLooks + 1;
                    if (silentLooks >= options.LooksWithoutAnswer)
                    {
                        _suspects.Add(look.Silent!);
                        return new Next($"{look.Silent} has not answered for long");
                    }

                    if (look.Lost is { } lost)
                    {
                        return new Next(lost);
                    }

                    if (look.HoldFor is null && slowLooks == options.LooksBeforeMoving)
                    {
                        Metrics.Stragglers.Add(1, new KeyValuePair<string, object?>(Attributes.StageKind, Words.Of(stage.Kind)));
                    }

                    if (hold.Reason is null && (look.HoldFor ?? (slowLooks >= options.LooksBeforeMoving ? "another silo would be done earlier" : null)) is { } reason)
                    {
                        hold = new Hold(reason, time.GetTimestamp());
                        ledger.Tell($"stops after the step in flight, because {reason}");
                        await Ask(token => silos.Hold(plan.Members[0].Silo, plan.GenerationNumber, token), options.AnswerLimit, stop);
                    }

                    break;
            }
        }
    }

    private Next? Interruption(RankReport report, Hold hold)
    {
        switch (report.Ending)
        {
            case RankEnding.Held:
                return new Next(hold.Reason ?? "a silo hands over its ranks", IsOrderly: true);
            case RankEnding.Failed:
                return new Next(Failure: report.Failure);
            case RankEnding.PeerLost:
                _suspects.Add(report.LostSilo!);
                NoteBreak(report.LostBy ?? report.Silo, report.LostSilo!); // hearsay is no break between who tells and who is lost
                return new Next($"{report.Silo} lost {report.LostSilo}: {report.Reason}");
            default:
                return null;
        }
    }

    private async Task<Next> Finish(RunPlan plan, CancellationToken stop)
    {
        string[] resumed = StepsBefore == 0 ? [] : [string.Create(CultureInfo.InvariantCulture, $"resumed at step {StepsBefore}")];
        var order = new FinishOrder(stage, plan.GenerationNumber, [.. resumed, .. _passedOver]);
        while (true)
        {
            var answer = await Ask(token => silos.Finish(plan.Writer, order, token), options.BeginLimit, stop);
            switch (answer?.Phase)
            {
                case WorkPhase.Working:
                    break;
                case WorkPhase.Ready:
                    return Next.Done;
                case WorkPhase.Failed:
                    return new Next(Failure: answer.Failure);
                default:
                    return new Next($"{plan.Writer} was lost before it had written the result");
            }
        }
    }

    // What the silos offer now, and whether that asks for another plan.
    private async Task<Observation> Look(RunPlan plan, bool hasBegun, CancellationToken stop)
    {
        var alive = silos.Alive();
        var progress = await Task.WhenAll(alive.Select(async silo => (Silo: silo, Progress: await Ask(token => silos.GetProgress(silo, token), options.AnswerLimit, stop))));
        var members = plan.Members.Select(member => member.Silo).ToHashSet(StringComparer.Ordinal);
        var open = progress.Where(pair => pair.Progress is not null).Select(pair => pair.Progress!).ToArray();
        _furthest = open.Select(at => at.CommittedSteps).Append(_furthest).Max();
        foreach (var report in open.SelectMany(at => at.Reports))
        {
            Report(report); // who cannot reach the owner, or not the silo that knows where it is, is heard nevertheless
        }

        if (hasBegun && open.FirstOrDefault(at => members.Contains(at.Node.Silo) && at.GenerationNumber is null) is { } idle)
        {
            return new Observation($"{idle.Node.Silo} does not run its ranks");
        }

        if (open.FirstOrDefault(at => members.Contains(at.Node.Silo) && at.Node.IsDraining) is { } draining)
        {
            return new Observation(HoldFor: $"{draining.Node.Silo} is draining");
        }

        foreach (var at in open.Where(at => !members.Contains(at.Node.Silo) && at.Node.IsDraining))
        {
            await Ask(token => silos.Close(at.Node.Silo, plan.GenerationNumber, saveState: false, token), options.AnswerLimit, stop);
        }

        foreach (var silo in alive.Where(silo => !members.Contains(silo) && open.All(at => at.Node.Silo != silo)))
        {
            Warm(silo, plan.GenerationNumber, stop);
        }

        var nodes = RunPlanner.Connected([.. open.Select(at => at.Node).Where(node => !node.IsDraining)], Separated(), plan.Members);
        if (plan.Members.FirstOrDefault(member => open.All(at => at.Node.Silo != member.Silo)) is { } silent)
        {
            return new Observation(Silent: silent.Silo);
        }

        if (!members.IsSubsetOf(nodes.Select(node => node.Silo)))
        {
            return new Observation(); // two cannot reach one another, which they are about to tell
        }

        var better = RunPlanner.Assign(nodes, worldSize, plan.Members);

        // Only when there is room: one silo in place of another, which has merely not been measured, would be a stop for nothing.
        var joining = better.Count > members.Count ? better.FirstOrDefault(member => !members.Contains(member.Silo)) : null;
        return joining is not null
            ? new Observation(HoldFor: $"{joining.Silo} has joined")
            : new Observation(IsSlow: RunPlanner.IsWorthMoving(plan.Members, better, nodes));
    }

    // A silo that joins loads the model and the data before anybody waits for it.
    private void Warm(string silo, long generation, CancellationToken stop)
    {
        if (!_warming.TryGetValue(silo, out var running) || running.IsCompleted)
        {
            _warming[silo] = LoadOn(silo, new LoadOrder(stage, generation, StateSource.None), stop);
        }
    }

    private async Task CloseDraining(long generation, IReadOnlyList<RunReport> reports, RecoveryDecision decision, CancellationToken stop)
    {
        foreach (var report in reports.Where(report => report.Node.IsDraining && report.IsOpen))
        {
            var isHolder = report.Silo == decision.Holder?.Silo;
            await Ask(token => silos.Close(report.Silo, generation, isHolder, token), options.HoldLimit, stop);
        }
    }

    private async Task CloseAll(string? saving, CancellationToken stop)
    {
        var generation = ledger.GenerationNumber;
        await Task.WhenAll(silos.Alive().Select(silo => Ask(
            token => silos.Close(silo, generation, silo == saving, token), silo == saving ? TimeSpan.FromMinutes(5) : options.BeginLimit, stop)));
    }

    private async Task<Next> Wait(string why, CancellationToken stop)
    {
        ledger.Tell(why);
        await NextSignal(stop);
        return new Next("a silo may take ranks again");
    }

    private async Task<Signal?> NextSignal(CancellationToken stop)
    {
        using var look = new CancellationTokenSource(options.LookPeriod, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(look.Token, stop);
        try
        {
            return await _signals.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private Task Pause(TimeSpan duration, CancellationToken stop) => Task.Delay(duration, time, stop);

    // A silo that does not answer, or is not there, has said as much as it will: the plan is made without it.
    private async Task<T?> Ask<T>(Func<CancellationToken, Task<T>> call, TimeSpan limit, CancellationToken stop)
    {
        try
        {
            return await call(stop).WaitAsync(limit, time, stop);
        }
#pragma warning disable CA1031 // See above.
        catch (Exception)
#pragma warning restore CA1031
        {
            stop.ThrowIfCancellationRequested();
            return default;
        }
    }

    private Task<bool> Ask(Func<CancellationToken, Task> call, TimeSpan limit, CancellationToken stop) => Ask(
        async token =>
        {
            await call(token);
            return true;
        },
        limit, stop);

    private void NoteBreak(string one, string other)
    {
        _breaks.TryAdd(Pair(one, other), []);
        _breaks[Pair(one, other)].Add(time.GetTimestamp());
    }

    // One broken connection may be an accident: both silos are asked again. Two within the period are a wall between them.
    private IReadOnlyCollection<(string A, string B)> Separated()
    {
        foreach (var (pair, times) in _breaks)
        {
            times.RemoveAll(at => time.GetElapsedTime(at) > options.SeparationPeriod);
            if (times.Count == 0)
            {
                _breaks.Remove(pair);
            }
        }

        return [.. _breaks.Where(pair => pair.Value.Count > 1).Select(pair => pair.Key)];
    }

    private string WriterOf(IReadOnlyList<RunMember> members) =>
        members.Any(member => member.Silo == _writer) ? _writer! : members[0].Silo;

    private static (string A, string B) Pair(string one, string other) => string.CompareOrdinal(one, other) < 0 ? (one, other) : (other, one);

    private static string Describe(RunPlan plan, int lost) => string.Create(
        CultureInfo.InvariantCulture,
        $"generation number {plan.GenerationNumber}: {string.Join(", ", plan.Members.Select(member => $"ranks {member.FirstRank}-{member.FirstRank + member.RankCount - 1} on {member.Silo}"))}, from step {plan.ResumeStep}{lost switch { 0 => "", 1 => ", with one step done again", _ => $", with {lost} steps done again" }}");

    /// <summary>What comes after a plan: another one for a reason, or the end.</summary>
    private sealed record Next(string? Reason = null, StageFailure? Failure = null, RunPlan? Plan = null, bool IsDone = false, bool IsOrderly = false)
    {
        public Next(RunPlan plan)
            : this(null, null, plan)
        {
        }

        public static Next Done { get; } = new(IsDone: true);

        public bool IsEnd => IsDone || Failure is not null;
    }

    private sealed record Found(int? Steps);

    private sealed record Hold(string? Reason, long Since);

    private sealed record Observation(string? Lost = null, string? HoldFor = null, bool IsSlow = false, string? Silent = null);

    private abstract record Signal
    {
        public sealed record Rank(RankReport Report) : Signal;

        public sealed record NotBegun(long GenerationNumber, string Silo) : Signal;

        public sealed record Silos : Signal;
    }
}
