using CsCheck;
using GmailCluster.Learning.Optim;

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
