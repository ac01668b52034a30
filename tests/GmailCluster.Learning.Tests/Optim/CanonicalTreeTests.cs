using CsCheck;
using GmailCluster.Learning.Optim;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Tests.Optim;

public sealed class CanonicalTreeTests
{
    [Fact]
    public void Buffers_and_scalars_are_summed_in_the_same_order() => Gen.Float[-1e6f, 1e6f].Array[1, 40].Sample(values =>
    {
        var ranks = values.Select(v => (Memory<float>)new[] { v }).ToArray();

        CanonicalTree.Combine(ranks);

        Assert.Equal(Reference(values, 0, values.Length), ranks[0].Span[0]);
    });

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(5, 4)]
    [InlineData(8, 4)]
    [InlineData(9, 8)]
    public void A_node_splits_at_the_largest_power_of_two_below_its_size(int count, int expected)
    {
        Assert.Equal(expected, CanonicalTree.Split(0, count));
        Assert.Equal(7 + expected, CanonicalTree.Split(7, 7 + count));
    }

    [Fact]
    public void The_order_is_not_the_running_sum() =>
        Assert.Equal((0.1 + 0.2) + (0.3 + 0.4), CanonicalTree.Combine([0.1, 0.2, 0.3, 0.4]));

    [Fact]
    public void A_block_of_ranks_covers_the_largest_nodes_within_it()
    {
        Assert.Equal([new Subtree(0, 8)], CanonicalTree.Subtrees(0, 8, 8));
        Assert.Equal([new Subtree(4, 8)], CanonicalTree.Subtrees(4, 4, 8));
        Assert.Equal([new Subtree(1, 2), new Subtree(2, 4), new Subtree(4, 6), new Subtree(6, 7)], CanonicalTree.Subtrees(1, 6, 8));
        Assert.Equal([new Subtree(3, 4), new Subtree(4, 5)], CanonicalTree.Subtrees(3, 2, 5));
        Assert.Equal([new Subtree(4, 7)], CanonicalTree.Subtrees(4, 3, 7)); // the right node of seven has three ranks
        Assert.Empty(CanonicalTree.Subtrees(2, 0, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => CanonicalTree.Subtrees(4, 2, 5));
    }

    [Fact]
    public void Partials_of_any_split_finish_to_the_whole_sum() =>
        Gen.Select(Gen.Int[1, 40].SelectMany(count => Gen.Select(Gen.Float[-1e6f, 1e6f].Array[count], Gen.Bool.Array[count])), Gen.Enum<WireType>())
            .Sample((ranks, wire) =>
            {
                var (values, cuts) = ranks;
                var whole = values.Select(v => (Memory<float>)new[] { v }).ToArray();
                CanonicalTree.Combine(whole, wire);
                var partials = new List<Memory<float>>();
                var subtrees = new List<Subtree>();
                for (var (first, next) = (0, 1); next <= values.Length; next++)
                {
                    if (next == values.Length || cuts[next])
                    {
                        var block = values[first..next].Select(v => (Memory<float>)new[] { v }).ToArray();
                        partials.AddRange(CanonicalTree.CombineSubtrees(block, first, values.Length, wire));
                        subtrees.AddRange(CanonicalTree.Subtrees(first, next - first, values.Length));
                        first = next;
                    }
                }

                var sum = new float[1];
                CanonicalTree.Finish(subtrees, partials, sum, wire);

                Assert.Equal(whole[0].Span[0], sum[0]);
                CanonicalTree.Finish([new Subtree(0, 1)], [sum], sum, wire);
                Assert.Equal(whole[0].Span[0], sum[0]);
            });

    [Fact]
    public void The_sum_may_be_any_partial()
    {
        float[][] partials = [[1], [2], [4]];

        CanonicalTree.Finish([new Subtree(0, 1), new Subtree(1, 2), new Subtree(2, 3)], [.. partials.Select(p => (Memory<float>)p)], partials[1]);

        Assert.Equal(7, partials[1][0]);
    }

    [Fact]
    public void Partials_with_a_gap_are_refused() => Assert.Throws<ArgumentException>(
        () => CanonicalTree.Finish([new Subtree(0, 1), new Subtree(2, 3)], [new float[1], new float[1]], new float[1]));

    [Fact]
    public void Every_node_of_a_bfloat16_sum_is_rounded()
    {
        var ranks = new[] { 1f, 0.00390625f, 0.00390625f, 1.00390625f }.Select(v => (Memory<float>)new[] { v }).ToArray();

        CanonicalTree.Combine(ranks, WireType.Bfloat16);

        // 1 + 2^-8 ties to 1; the last leaf ties to 1, too, and 2^-8 + 1 again: 1 + 1.
        Assert.Equal(2f, ranks[0].Span[0]);
    }

    private static float Reference(float[] values, int low, int high)
    {
        if (high - low == 1)
        {
            return values[low];
        }

        var size = 1;
        while (size * 2 < high - low)
        {
            size *= 2;
        }

        return Reference(values, low, low + size) + Reference(values, low + size, high);
    }
}
