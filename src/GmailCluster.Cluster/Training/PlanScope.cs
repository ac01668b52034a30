using GmailCluster.Grains;
using GmailCluster.Learning.Exchange;

namespace GmailCluster.Cluster.Training;

/// <summary>All that runs on a silo for a run under one generation number: it ends as one.</summary>
/// <param name="generationNumber">The number.</param>
/// <param name="cleared">Done when nothing runs under an older number any more.</param>
#pragma warning disable CA1001 // The source has no timer to free, and its token is asked for after the end.
internal sealed class PlanScope(long generationNumber, Task cleared)
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<int, Task> _walks = [];

    public long GenerationNumber => generationNumber;

    public Task Cleared => cleared;

    public CancellationToken Stop => _stop.Token;

    /// <summary>The state on its way here; null before it was asked for.</summary>
    public Task<IReadOnlyList<string>>? Loading { get; set; }

    /// <summary>The meeting with the plan's other silos; null before the first rank began.</summary>
    public Task<IRunExchange?>? Joining { get; set; }

    /// <summary>The result on its way to the store; null before it was asked for.</summary>
    public Task<FinishAnswer>? Finishing { get; set; }

    /// <summary>The plan, when ranks have begun.</summary>
    public RunPlan? Plan { get; set; }

    /// <summary>How its ranks have ended.</summary>
    public IReadOnlyList<RankReport> Reports { get; set; } = [];

    /// <summary>True once: a lost peer is reported by the first rank that sees it.</summary>
    public bool IsLossTold { get; set; }

    /// <summary>Starts a rank's steps unless they have been started.</summary>
    public void Walk(int rank, Func<Task> steps)
    {
        if (!_walks.ContainsKey(rank))
        {
            _walks.Add(rank, Task.Run(steps));
        }
    }

    /// <summary>Ends all of it, elsewhere than under the caller's lock; done when no rank computes and nothing is read or written any more.</summary>
    public Task End() => Task.Run(EndAll);

    private async Task EndAll()
    {
        await _stop.CancelAsync();
        await cleared;
        if (Joining is not null)
        {
            await ((Task)Joining).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Joining.IsCompletedSuccessfully && Joining.Result is { } exchange)
            {
                await exchange.DisposeAsync();
            }
        }

        await Task.WhenAll([.. _walks.Values, Loading ?? Task.CompletedTask, Finishing ?? Task.CompletedTask]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
