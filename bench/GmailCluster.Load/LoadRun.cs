using System.Collections.Concurrent;
using System.Diagnostics;
using GmailCluster.Processes;

namespace GmailCluster.Load;

/// <summary>Everybody at once: clients who submit and look, watchers who follow, silos that die; and whether all is as it should be.</summary>
internal sealed class LoadRun(SiloCluster cluster, Uri address, IReadOnlyList<string> tokens, CallMeter meter, LoadOptions options)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndLimit = TimeSpan.FromMinutes(30); // bounds a failure, nothing else

    private readonly ConcurrentQueue<string> _problems = new();
    private int _ended;
    private int _submitted;
    private int _breaks;
    private int _events;
    private double _submitSeconds;

    /// <summary>What happened, in a sentence.</summary>
    public string Summary => FormattableString.Invariant(
        $"All submitted after {_submitSeconds:0.0} s; {_ended} ended well; watchers were told {_events:N0} events over streams that broke {_breaks} times.");

    /// <summary>Submits the specs and waits for the end of all.</summary>
    /// <returns>What was wrong.</returns>
    public async Task<IReadOnlyCollection<string>> Run(IReadOnlyList<string> specs)
    {
        using var limit = new CancellationTokenSource(EndLimit, TimeProvider.System);
        var start = Stopwatch.GetTimestamp();
        var ids = specs.Select(_ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously)).ToArray();
        var clients = Enumerable.Range(0, options.Clients).Select(client => Client(client, specs, ids, start, limit.Token)).ToArray();
        var watchers = Enumerable.Range(0, options.Watchers).Select(watcher => Watch(watcher, ids[watcher % ids.Length].Task, limit.Token)).ToArray();
        var kills = Kill(limit.Token);
        await Task.WhenAll([.. clients, .. watchers, kills]);
        await Compare([.. ids.Select(id => id.Task.Result)], limit.Token);
        return _problems;
    }

    private async Task Client(int client, IReadOnlyList<string> specs, TaskCompletionSource<string>[] ids, long start, CancellationToken limit)
    {
        using var api = new Api(address, tokens[client], meter);
        var mine = Enumerable.Range(0, specs.Count).Where(i => i % options.Clients == client).ToArray();
        await Task.WhenAll(mine.Select(async i =>
        {
            var id = await api.Submit(specs[i], limit);
            if (Interlocked.Increment(ref _submitted) == specs.Count)
            {
                _submitSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            ids[i].SetResult(id);
            await LookUntilEnd(api, id, limit);
        }));
    }

    private async Task LookUntilEnd(Api api, string id, CancellationToken limit)
    {
        using var timer = new PeriodicTimer(LookPeriod);
        do
        {
            using var list = await api.Get("/api/experiments", "api/experiments?limit=1000", limit);
            using var view = await api.Get("/api/experiments/{id}", $"api/experiments/{id}", limit);
            if (view.RootElement.GetProperty("phase").GetString() is var phase and not "running")
            {
                if (phase != "done")
                {
                    _problems.Enqueue($"{id} is {phase}: {view.RootElement.GetRawText()}");
                }

                using var results = await api.Get("/api/experiments/{id}/results", $"api/experiments/{id}/results", limit);
                Interlocked.Increment(ref _ended);
                return;
            }
        }
        while (await timer.WaitForNextTickAsync(limit));
    }

    private async Task Watch(int watcher, Task<string> submitted, CancellationToken limit)
    {
        using var api = new Api(address, tokens[watcher % tokens.Count], meter);
        var id = await submitted;
        var (numbers, breaks) = await api.Follow(id, limit);
        Interlocked.Add(ref _breaks, breaks);
        Interlocked.Add(ref _events, numbers.Count);
        if (!numbers.SequenceEqual(Enumerable.Range(1, numbers.Count).Select(number => (long)number)))
        {
            _problems.Enqueue($"a watcher of {id} was told events {string.Join(", ", numbers)}");
        }
    }

    // One after another, evenly over the experiments' ends.
    private async Task Kill(CancellationToken limit)
    {
        for (var kill = 1; kill <= options.Kills; kill++)
        {
            using var timer = new PeriodicTimer(LookPeriod);
            while (_ended < kill * options.Experiments / (options.Kills + 1))
            {
                await timer.WaitForNextTickAsync(limit);
            }

            cluster.Silos[0].Kill(); // the oldest: it has most of the grains
        }
    }

    private async Task Compare(IReadOnlyList<string> ids, CancellationToken limit)
    {
        using var api = new Api(address, tokens[0], meter);
        using var list = await api.Get("/api/experiments", "api/experiments?limit=1000", limit);
        var listed = list.RootElement.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!).ToArray();
        foreach (var id in ids.GroupBy(id => id).Where(same => same.Count() > 1))
        {
            _problems.Enqueue($"{id.Key} is the id of {id.Count()} submissions");
        }

        foreach (var id in ids.Except(listed))
        {
            _problems.Enqueue($"{id} is not listed: it is lost");
        }

        foreach (var id in listed.Except(ids))
        {
            _problems.Enqueue($"{id} is listed, though nobody submitted it");
        }

        foreach (var id in ids)
        {
            using var page = await api.Get("/api/experiments/{id}/events", $"api/experiments/{id}/events", limit);
            var done = page.RootElement.GetProperty("items").EnumerateArray().Where(item => item.GetProperty("kind").GetString() == "stage_done").Select(item => item.GetProperty("stage").GetString()!).ToArray();
            using var view = await api.Get("/api/experiments/{id}", $"api/experiments/{id}", limit);
            foreach (var stage in done.GroupBy(key => key).Where(same => same.Count() > 1))
            {
                _problems.Enqueue($"stage {stage.Key} of {id} was done {stage.Count()} times");
            }
        }
    }
}
