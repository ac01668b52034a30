using System.Collections.Concurrent;
using System.Globalization;
using GmailCluster.Randomness;

namespace GmailCluster.Learning.Sampling;

/// <summary>
/// Which items a step trains on: a pure function of (seed, stage, step). Each stream gives an equal part of every batch and goes
/// through its own permutation an epoch. Items of one group (one caption, real and generated) do not meet in a batch, as far
/// as there are others: a contrastive loss would take them for negatives of each other.
/// </summary>
public sealed class BatchSampler
{
    private const int Attempts = 64;
    private readonly ulong _seed;
    private readonly string _stage;
    private readonly IReadOnlyList<IReadOnlyList<int>> _groups;
    private readonly int _batchSize;
    private readonly ConcurrentDictionary<(int Stream, long Epoch), Lazy<int[]>> _orders = new();

    /// <summary>Makes a sampler.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stage">What is trained; other stages draw other orders.</param>
    /// <param name="groups">For each stream, the group of each of its items.</param>
    /// <param name="batchSize">Items in a global batch.</param>
    public BatchSampler(ulong seed, string stage, IReadOnlyList<IReadOnlyList<int>> groups, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(groups);
        if (groups.Count == 0 || groups.Any(stream => stream.Count == 0))
        {
            throw new ArgumentException("Every stream needs items.", nameof(groups));
        }

        (_seed, _stage, _groups, _batchSize) = (seed, stage, groups, batchSize);
    }

    /// <summary>The global batch of a step, in the order that ranks slice it: rank r takes the r-th equal part.</summary>
    public IReadOnlyList<Draw> Batch(int step)
    {
        var batch = new List<Draw>(_batchSize);
        var taken = new HashSet<int>();
        for (var stream = 0; stream < _groups.Count; stream++)
        {
            var share = (_batchSize * (stream + 1) / _groups.Count) - (_batchSize * stream / _groups.Count);
            for (var slot = 0; slot < share; slot++)
            {
                batch.Add(One(step, stream, slot, ((long)step * share) + slot, taken));
            }
        }

        return batch;
    }

    private Draw One(int step, int stream, int slot, long position, HashSet<int> taken)
    {
        var groups = _groups[stream];
        var random = CounterRandom.For(_seed, _stage, "draw", Text(step), Text(stream), Text(slot));
        var item = Order(stream, position / groups.Count)[position % groups.Count];
        for (var attempt = 0; !taken.Add(groups[item]) && attempt < Attempts; attempt++)
        {
            item = random.Next(groups.Count);
        }

        return new Draw(stream, item, random.NextUInt32());
    }

    private int[] Order(int stream, long epoch)
    {
        // Steps move forward: orders of epochs long past are dropped.
        _orders.TryRemove((stream, epoch - 2), out _);
        return _orders.GetOrAdd((stream, epoch), key => new Lazy<int[]>(() =>
            CounterRandom.For(_seed, _stage, "order", Text(key.Stream), Text(key.Epoch)).Permutation(_groups[key.Stream].Count))).Value;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One place in a batch.</summary>
/// <param name="Stream">Which stream.</param>
/// <param name="Item">Which of its items.</param>
/// <param name="Choice">32 uniform bits for what else is to be chosen, such as one of the item's images.</param>
public readonly record struct Draw(int Stream, int Item, uint Choice);
