using System.Numerics;
using System.Numerics.Tensors;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Optim;

/// <summary>
/// The one order in which values of virtual ranks are summed: node [lo, hi) splits at lo + the largest power of two below
/// hi - lo. The sum of R ranks is then the same bits wherever the ranks are and in whatever order they finish, and a silo that
/// holds an aligned block of ranks sends one partial. With <see cref="WireType.Bfloat16"/> every node, leaves included, is
/// rounded as soon as it is there: whatever travels is then exact, and what stays in a silo is the same as what travels.
/// </summary>
public static class CanonicalTree
{
    // A block of every rank fits a core's second-level cache, so that a tree of many ranks reads and writes memory once.
    private const int BlockFloats = 8192;

    /// <summary>Where node [<paramref name="low"/>, <paramref name="high"/>) splits.</summary>
    public static int Split(int low, int high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(high - low, 2);
        return low + (int)BitOperations.RoundUpToPowerOf2((uint)(high - low)) / 2;
    }

    /// <summary>The largest nodes of the tree over [0, <paramref name="worldSize"/>) that a contiguous block of ranks covers, from left to right.</summary>
    public static IReadOnlyList<Subtree> Subtrees(int firstRank, int rankCount, int worldSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstRank);
        ArgumentOutOfRangeException.ThrowIfNegative(rankCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)firstRank + rankCount, worldSize, nameof(rankCount));
        var covered = new List<Subtree>();
        if (rankCount > 0)
        {
            Cover(new Subtree(0, worldSize), new Subtree(firstRank, firstRank + rankCount), covered);
        }

        return covered;
    }

    /// <summary>Sums the ranks' buffers along the tree; the sum ends in the first, the others are used as scratch.</summary>
    public static void Combine(IReadOnlyList<Memory<float>> ranks, WireType wire = WireType.Float32)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        CombineSubtrees(ranks, 0, ranks.Count, wire);
    }

    /// <summary>Sums the buffers of a contiguous block of ranks as far as the tree allows without the others'.</summary>
    /// <param name="ranks">One buffer per rank of the block, in rank order, equally long; used as scratch.</param>
    /// <param name="firstRank">The block's first rank.</param>
    /// <param name="worldSize">Ranks of the whole run.</param>
    /// <param name="wire">How nodes are rounded.</param>
    /// <returns>The sums of <see cref="Subtrees"/>, each in the buffer of its first rank.</returns>
    public static IReadOnlyList<Memory<float>> CombineSubtrees(
        IReadOnlyList<Memory<float>> ranks, int firstRank, int worldSize, WireType wire = WireType.Float32)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        var subtrees = Subtrees(firstRank, ranks.Count, worldSize);
        var length = ranks.Count == 0 ? 0 : ranks[0].Length;
        for (var start = 0; start < length; start += BlockFloats)
        {
            var count = Math.Min(BlockFloats, length - start);
            foreach (var subtree in subtrees)
            {
                Combine(ranks, subtree.Low - firstRank, subtree.High - firstRank, start, count, wire);
            }
        }

        return [.. subtrees.Select(subtree => ranks[subtree.Low - firstRank])];
    }

    /// <summary>Sums the partials of all silos to the whole.</summary>
    /// <param name="subtrees">The nodes that the partials are sums of: the silos' <see cref="Subtrees"/>, one silo after the other.</param>
    /// <param name="partials">One buffer per node, equally long (a chunk of the whole will do); used as scratch.</param>
    /// <param name="sum">Filled; may be one of the partials.</param>
    /// <param name="wire">How nodes are rounded.</param>
    public static void Finish(
        IReadOnlyList<Subtree> subtrees, IReadOnlyList<Memory<float>> partials, Memory<float> sum, WireType wire = WireType.Float32)
    {
        ArgumentNullException.ThrowIfNull(subtrees);
        ArgumentNullException.ThrowIfNull(partials);
        ArgumentOutOfRangeException.ThrowIfNotEqual(partials.Count, subtrees.Count, nameof(partials));
        var additions = Additions(subtrees);
        for (var i = 0; i < additions.Count; i++)
        {
            var (into, from) = additions[i];
            // The last one goes straight to the sum; until then the sum may hold a partial.
            Add(partials[into].Span, partials[from].Span, i == additions.Count - 1 ? sum.Span : partials[into].Span, wire);
        }

        if (additions.Count == 0)
        {
            partials[0].CopyTo(sum);
        }
    }

    /// <summary>
    /// The additions that finish the tree, in order: each adds a partial to another, which then stands for both. The last one adds to
    /// the first partial.
    /// </summary>
    /// <param name="subtrees">The nodes that partials are sums of, from left to right; they cover the tree.</param>
    public static IReadOnlyList<(int Into, int From)> Additions(IReadOnlyList<Subtree> subtrees)
    {
        ArgumentNullException.ThrowIfNull(subtrees);
        ArgumentOutOfRangeException.ThrowIfZero(subtrees.Count, nameof(subtrees));
        var additions = new List<(int Into, int From)>(subtrees.Count - 1);
        var next = 0;
        Finish(subtrees, new Subtree(0, subtrees[^1].High), additions, ref next);
        ArgumentOutOfRangeException.ThrowIfNotEqual(next, subtrees.Count, nameof(subtrees));
        return additions;
    }

    /// <summary>Adds two nodes of the tree; the destination may be either of them.</summary>
    public static void Add(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> destination, WireType wire)
    {
        if (wire == WireType.Bfloat16)
        {
            Bfloat16.Add(left, right, destination);
        }
        else
        {
            TensorPrimitives.Add(left, right, destination);
        }
    }

    /// <summary>Sums the ranks' scalars along the tree.</summary>
    public static double Combine(ReadOnlySpan<double> ranks)
    {
        if (ranks.Length <= 1)
        {
            return ranks.Length == 0 ? 0 : ranks[0];
        }

        var middle = Split(0, ranks.Length);
        return Combine(ranks[..middle]) + Combine(ranks[middle..]);
    }

    private static void Cover(Subtree node, Subtree block, List<Subtree> covered)
    {
        if (block.Low <= node.Low && node.High <= block.High)
        {
            covered.Add(node);
        }
        else if (block.Low < node.High && node.Low < block.High)
        {
            var middle = Split(node.Low, node.High);
            Cover(node with { High = middle }, block, covered);
            Cover(node with { Low = middle }, block, covered);
        }
    }

    private static void Combine(IReadOnlyList<Memory<float>> ranks, int low, int high, int start, int count, WireType wire)
    {
        var sum = ranks[low].Span.Slice(start, count);
        if (high - low < 2)
        {
            if (wire == WireType.Bfloat16)
            {
                Bfloat16.Round(sum);
            }

            return;
        }

        var middle = Split(low, high);
        Combine(ranks, low, middle, start, count, wire);
        Combine(ranks, middle, high, start, count, wire);
        Add(sum, ranks[middle].Span.Slice(start, count), sum, wire);
    }

    private static int Finish(IReadOnlyList<Subtree> subtrees, Subtree node, List<(int Into, int From)> additions, ref int next)
    {
        if (next < subtrees.Count && subtrees[next] == node)
        {
            return next++;
        }

        if (node.High - node.Low < 2)
        {
            throw new ArgumentException($"No partial holds rank {node.Low}.", nameof(subtrees));
        }

        var middle = Split(node.Low, node.High);
        var left = Finish(subtrees, node with { High = middle }, additions, ref next);
        var right = Finish(subtrees, node with { Low = middle }, additions, ref next);
        additions.Add((left, right));
        return left;
    }
}

/// <summary>A node of the canonical tree: the ranks from <paramref name="Low"/> to before <paramref name="High"/>.</summary>
/// <param name="Low">First rank.</param>
/// <param name="High">The rank after the last.</param>
public readonly record struct Subtree(int Low, int High);
