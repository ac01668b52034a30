using System.Diagnostics;
using GmailCluster.Data.Storage;
using GmailCluster.Experiments;
using GmailCluster.Processes;
using GmailCluster.Stages;

namespace GmailCluster.Chaos;

/// <summary>One experiment on a cluster whose silos are struck until it ends.</summary>
/// <param name="pass">Its number.</param>
/// <param name="size">How many silos the cluster has when nothing is missing.</param>
/// <param name="mostKills">No more than these.</param>
/// <param name="options">What is run and how often it is struck.</param>
/// <param name="folder">Empty.</param>
/// <param name="log">Where each event goes.</param>
internal sealed class ChaosPass(int pass, int size, int mostKills, ChaosOptions options, string folder, ChaosLog log)
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(40); // a silo gives its work 30
    private static readonly TimeSpan GiveUpLimit = TimeSpan.FromSeconds(15); // hung silos that have no ranks are given up by none of the plans
    private static readonly TimeSpan GoOnLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly HashSet<SiloProcess> _struck = []; // frozen, leaving or killed: no target any more
    private readonly List<Loss> _losses = [];
    private readonly List<Task> _work = [];
    private readonly List<string> _problems = [];
    private int _kills;
    private int _hangs;
    private int _drains;
    private int _joins;
    private int _resumes;
    private int _spare;
    private string _id = "";

    /// <summary>Runs to the end and compares.</summary>
    public async Task<PassResult> Run(IReadOnlyDictionary<string, string> expected)
    {
        await using var cluster = await SiloCluster.Start(folder, size);
        var submitted = await cluster.Command("submit", options.Spec);
        if (submitted.ExitCode != 0)
        {
            throw new InvalidOperationException($"submit ended with exit code {submitted.ExitCode}: {submitted.Error}");
        }

        var experiment = await Trained.Experiment(folder, options.Spec);
        _id = experiment.Id;
        await using var watch = new StepWatch(cluster, experiment.Stages.ToDictionary(stage => stage.Key.Value, stage => stage.Title));
        watch.Begin();
        using var ended = new CancellationTokenSource();
        var end = WaitForEnd(ended);
        await StrikeUntil(cluster, ended.Token);
        await end;
        await Task.WhenAll(_work);
        return await Conclude(cluster, watch, expected);
    }

    private async Task<PassResult> Conclude(SiloCluster cluster, StepWatch watch, IReadOnlyDictionary<string, string> expected)
    {
        var entries = cluster.Journal.Entries;
        var recoveries = Recovery.Find(entries, _losses, watch.Samples).ToArray();
        foreach (var entry in entries)
        {
            log.Write(entry is PlanMade plan
                ? new { Event = "plan", Pass = pass, At = Seconds(entry.At), entry.Run, entry.GenerationNumber, entry.Step, Owner = entry.Teller.Address, plan.Members, plan.RankCounts, plan.Reason }
                : new { Event = "commit", Pass = pass, At = Seconds(entry.At), entry.Run, entry.GenerationNumber, entry.Step });
        }

        foreach (var recovery in recoveries)
        {
            log.Write(new { Event = "recovery", Pass = pass, Silos = size, Recovery = recovery });
        }

        var found = await Trained.Hashes(folder, options.Spec);
        foreach (var (key, hash) in expected.Where(file => found.GetValueOrDefault(file.Key) != file.Value))
        {
            _problems.Add($"{key} is {found.GetValueOrDefault(key) ?? "missing"}, not {hash}");
        }

        if (_problems.Count > 0)
        {
            _problems.Add($"what the silos said is in {log.Keep(pass, cluster.Journal.Lines)}");
        }

        return new PassResult(pass, size, Seconds(Stopwatch.GetTimestamp()), _kills, _hangs, _drains, _joins, _resumes, recoveries, found.Count, _problems);
    }

    private async Task WaitForEnd(CancellationTokenSource ended)
    {
        var store = Trained.Store(folder);
        using var timer = new PeriodicTimer(LookPeriod);
        while (Stopwatch.GetElapsedTime(_start) < EndLimit && await timer.WaitForNextTickAsync())
        {
            var summary = (await store.TryReadJson<ExperimentSummary>(ExperimentSummary.ObjectKey(_id), CancellationToken.None))?.Value;
            if (summary?.Phase is not (null or StagePhase.Running))
            {
                if (summary.Phase is not StagePhase.Done)
                {
                    Problem($"it is {summary.Phase}: {summary.Failure}");
                }

                await ended.CancelAsync();
                return;
            }
        }

        Problem($"it has not ended after {EndLimit}");
        await ended.CancelAsync();
    }

    private async Task StrikeUntil(SiloCluster cluster, CancellationToken ended)
    {
        try
        {
            foreach (var strike in Strike.Schedule(options.Seed, pass, options.Every).TakeWhile(_ => _kills < mostKills))
            {
                await Task.Delay(strike.After, TimeProvider.System, ended);
                await Do(strike, cluster, ended);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // There is nothing left to strike.
        }
    }

    private async Task Do(Strike strike, SiloCluster cluster, CancellationToken ended)
    {
        var living = Living(cluster);
        if (strike.Kind is StrikeKind.Join)
        {
            Tell("join", "");
            _spare++;
            _work.Add(Join(cluster, TimeSpan.Zero));
            return;
        }

        if (living.Count == 0)
        {
            return;
        }

        var target = living[strike.Pick % living.Count];
        switch (strike.Kind)
        {
            case StrikeKind.Kill:
                await Kill([target], TimeSpan.Zero, strike, cluster, ended);
                break;
            case StrikeKind.KillOwner:
                var owner = cluster.Journal.Entries.OfType<PlanMade>().LastOrDefault()?.Teller;
                await Kill([owner is not null && living.Contains(owner) ? owner : target], TimeSpan.Zero, strike, cluster, ended);
                break;
            case StrikeKind.KillTwo:
                await Kill([target, .. living.Where(silo => silo != target).Take(1)], strike.Gap, strike, cluster, ended);
                break;
            case StrikeKind.KillAll:
                await Kill(living, TimeSpan.Zero, strike, cluster, ended);
                break;
            case StrikeKind.Hang:
                _work.Add(Hang(target, strike, cluster));
                break;
            case StrikeKind.Blink:
                Tell("blink", target.Address);
                target.Freeze();
                await Task.Delay(strike.Gap, TimeProvider.System, CancellationToken.None);
                target.Thaw();
                break;
            default:
                _work.Add(Drain(target, strike, cluster));
                break;
        }
    }

    private async Task Kill(IReadOnlyList<SiloProcess> targets, TimeSpan gap, Strike strike, SiloCluster cluster, CancellationToken ended)
    {
        foreach (var target in targets)
        {
            var others = Living(cluster).Count - 1;
            Lost(target, others == 0 ? "all" : "kill");
            target.Kill();
            _kills++;
            if (target != targets[^1])
            {
                await Task.Delay(gap, TimeProvider.System, CancellationToken.None);
            }
        }

        _work.AddRange(targets.Select((_, i) => Replace(cluster, strike.Rest * (i + 1))));
        if (Living(cluster).Count == 0)
        {
            await GoOn(cluster, ended);
        }
    }

    // Everything has died: a person starts silos again and says 'resume'. The next strike waits until a run has gone on, so that a
    // schedule that is faster than a start can end.
    private async Task GoOn(SiloCluster cluster, CancellationToken ended)
    {
        var heard = cluster.Journal.Entries.Count;
        while (Living(cluster).Count == 0)
        {
            await Task.Delay(LookPeriod, TimeProvider.System, ended); // one may come that nobody had asked for
        }

        var resumed = await cluster.Command("resume", _id);
        Tell("resume", "");
        _resumes++;
        if (resumed.ExitCode != 0)
        {
            Problem($"resume ended with exit code {resumed.ExitCode}: {resumed.Error.Trim()}");
        }

        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < GoOnLimit && !cluster.Journal.Entries.Skip(heard).OfType<FirstCommit>().Any())
        {
            await Task.Delay(LookPeriod, TimeProvider.System, ended);
        }
    }

    private async Task Hang(SiloProcess target, Strike strike, SiloCluster cluster)
    {
        var alone = Living(cluster).Count == 1;
        Lost(target, "hang");
        _hangs++;
        target.Freeze();
        var since = Stopwatch.GetTimestamp();
        var replaced = alone ? Task.CompletedTask : Replace(cluster, strike.Rest);
        while (Stopwatch.GetElapsedTime(since) < (alone ? strike.Rest : GiveUpLimit) && !IsGivenUp(target, since, cluster))
        {
            await Task.Delay(LookPeriod, TimeProvider.System, CancellationToken.None);
        }

        await Task.Delay(strike.Gap, TimeProvider.System, CancellationToken.None);
        target.Thaw();
        Tell("thaw", target.Address);
        if (alone)
        {
            lock (_lock)
            {
                _struck.Remove(target); // nobody has missed it
            }
        }

        await replaced;
    }

    private static bool IsGivenUp(SiloProcess silo, long since, SiloCluster cluster) =>
        cluster.Journal.Entries.OfType<PlanMade>().Any(plan => plan.At > since && !plan.Members.Contains(silo.Address));

    private async Task Drain(SiloProcess target, Strike strike, SiloCluster cluster)
    {
        Tell("drain", target.Address);
        lock (_lock)
        {
            _struck.Add(target);
        }

        _drains++;
        var since = Stopwatch.GetTimestamp();
        target.Drain();
        var replaced = Replace(cluster, strike.Rest);
        try
        {
            var end = await target.End().WaitAsync(DrainLimit, TimeProvider.System);
            Tell("drained", target.Address, Stopwatch.GetElapsedTime(since).TotalSeconds);
            if (end.ExitCode != 0)
            {
                Problem($"{target.Address} was asked to leave and ended with exit code {end.ExitCode}");
            }
        }
        catch (TimeoutException)
        {
            Problem($"{target.Address} was asked to leave and had not after {DrainLimit}");
        }

        await replaced;
    }

    private Task Replace(SiloCluster cluster, TimeSpan rest)
    {
        if (_spare > 0)
        {
            _spare--;
            return Task.CompletedTask;
        }

        return Join(cluster, rest);
    }

    private async Task Join(SiloCluster cluster, TimeSpan rest)
    {
        await Task.Delay(rest, TimeProvider.System, CancellationToken.None);
        var silo = await cluster.Add();
        Interlocked.Increment(ref _joins);
        Tell("joined", silo.Address);
    }

    private void Lost(SiloProcess silo, string cause)
    {
        Tell(cause == "hang" ? "hang" : "kill", silo.Address);
        lock (_lock)
        {
            _struck.Add(silo);
        }

        _losses.Add(new Loss(Stopwatch.GetTimestamp(), silo.Address, cause));
    }

    private IReadOnlyList<SiloProcess> Living(SiloCluster cluster)
    {
        lock (_lock)
        {
            return [.. cluster.Silos.Where(silo => !_struck.Contains(silo))];
        }
    }

    private void Problem(string text)
    {
        lock (_lock)
        {
            _problems.Add(text);
        }
    }

    private void Tell(string what, string silo, double? seconds = null) =>
        log.Write(new { Event = what, Pass = pass, At = Seconds(Stopwatch.GetTimestamp()), Silo = silo, Seconds = seconds });

    private double Seconds(long at) => Math.Round(Stopwatch.GetElapsedTime(_start, at).TotalSeconds, 3);
}
