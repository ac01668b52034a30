using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Optim;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Training;

/// <summary>
/// The sum of one step's gradients over all ranks, of which some are here: bucket by bucket, each on its way to the other silos as
/// soon as all ranks here have it, while their backward passes go on. Where a bucket begins changes no bit: values are summed each by itself.
/// </summary>
/// <param name="round">The step, and the way to the others.</param>
/// <param name="gradients">One buffer for each rank here; the sum ends in the first, the others are scratch.</param>
/// <param name="buckets">What an earlier step has shown; null before the first.</param>
/// <param name="wire">How nodes of the tree are rounded.</param>
internal sealed class GradientSum(StepRound round, IReadOnlyList<Memory<float>> gradients, GradientBuckets? buckets, WireType wire)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, int> _passed = [];
    private readonly HashSet<int> _begun = [];
    private readonly List<Task> _exchanges = [];
    private readonly ExecutionContext? _context = ExecutionContext.Capture(); // the step's span: slots have none
    private bool _isStopped;

    /// <summary>A rank's gradient.</summary>
    public Memory<float> Of(int rank) => gradients[rank - round.Block.First];

    /// <summary>A rank here has passed a stage of its backward pass.</summary>
    public void Passed(int stage, CancellationToken cancellationToken)
    {
        if (round.Exchange is not { } exchange || buckets is null)
        {
            return;
        }

        lock (_lock)
        {
            if ((_passed[stage] = _passed.GetValueOrDefault(stage) + 1) == round.Block.Count)
            {
                Begin(exchange, buckets.All.Where(bucket => bucket.Stage == stage), cancellationToken);
            }
        }
    }

    /// <summary>Sums the gradients where all ranks are here.</summary>
    public void Combine() => CanonicalTree.Combine(gradients, wire);

    /// <summary>Sends what has not left yet; done when the whole sum is here. All ranks here have their gradients.</summary>
    /// <param name="exchange">The way to the others.</param>
    /// <param name="known">The buckets: at the end of the first step they are known, too.</param>
    /// <param name="cancellationToken">Ends the exchange.</param>
    public Task Finish(IRunExchange exchange, GradientBuckets known, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Begin(exchange, known.All.Where(bucket => !_begun.Contains(bucket.Number)), cancellationToken);
            return Task.WhenAll(_exchanges);
        }
    }

    /// <summary>Begins nothing more; done when nothing touches the gradients any more.</summary>
    public async Task Stop()
    {
        Task exchanges;
        lock (_lock)
        {
            _isStopped = true;
            exchanges = Task.WhenAll(_exchanges);
        }

        await exchanges.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Not on the slot that brought the last part: it has a backward pass to go on with.
    private void Begin(IRunExchange exchange, IEnumerable<GradientBucket> whole, CancellationToken cancellationToken)
    {
        foreach (var bucket in _isStopped ? [] : whole.ToArray())
        {
            _begun.Add(bucket.Number);
            ExecutionContext.Run(_context!, _ => _exchanges.Add(Task.Run(() => Exchange(exchange, bucket, cancellationToken), cancellationToken)), null);
        }
    }

    private Task Exchange(IRunExchange exchange, GradientBucket bucket, CancellationToken cancellationToken)
    {
        var parts = gradients.Select(bucket.Of).ToArray();
        var partials = CanonicalTree.CombineSubtrees(parts, round.Block.First, round.WorldSize, wire);
        return exchange.AllReduce(round.Step, bucket.Number, partials, parts[0], cancellationToken);
    }
}
