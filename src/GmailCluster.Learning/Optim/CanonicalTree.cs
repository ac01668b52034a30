using System.Numerics;
using System.Numerics.Tensors;

namespace GmailCluster.Learning.Optim;

/// <summary>
/// The one order in which values of virtual ranks are summed: node [lo, hi) splits at lo + the largest power of two below
/// hi - lo. The sum of R ranks is then the same bits wherever the ranks are and in whatever order they finish, and a silo that
/// holds an aligned block of ranks sends one partial.
/// </summary>
public static class CanonicalTree
{
    /// <summary>Where node [<paramref name="low"/>, <paramref name="high"/>) splits.</summary>
    public static int Split(int low, int high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(high - low, 2);
        return low + (int)BitOperations.RoundUpToPowerOf2((uint)(high - low)) / 2;
    }

    /// <summary>Sums the ranks' buffers along the tree; the sum ends in the first, the others are used as scratch.</summary>
    public static void Combine(IReadOnlyList<Memory<float>> ranks)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        Combine(ranks, 0, ranks.Count);
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

    private static void Combine(IReadOnlyList<Memory<float>> ranks, int low, int high)
    {
        if (high - low < 2)
        {
            return;
        }

        var middle = Split(low, high);
        Combine(ranks, low, middle);
        Combine(ranks, middle, high);
        TensorPrimitives.Add(ranks[low].Span, ranks[middle].Span, ranks[low].Span);
    }
}
