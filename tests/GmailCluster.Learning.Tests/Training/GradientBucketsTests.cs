using CsCheck;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;

namespace GmailCluster.Learning.Tests.Training;

public sealed class GradientBucketsTests
{
    private const int Small = 16 << 10;

    [Fact]
    public void They_cover_the_buffer_once_and_none_leaves_before_its_parameters_are_whole() =>
        Gen.Select(Gen.Int[1, 4 * Small], Gen.Int[0, 5]).Array[1, 30].Sample(parameters =>
        {
            var (slices, length) = Slices(parameters.Select(p => p.Item1));
            var wholeAfter = parameters.Select(p => p.Item2).ToArray();

            var buckets = GradientBuckets.Of(slices, length, wholeAfter);

            var next = 0;
            foreach (var bucket in buckets.All.OrderBy(bucket => bucket.Start))
            {
                Assert.Equal(next, bucket.Start);
                next += bucket.Count;
                Assert.All(slices.Index().Where(p => p.Item.Offset >= bucket.Start && p.Item.Offset < next), p => Assert.True(wholeAfter[p.Index] <= bucket.Stage));
            }

            Assert.Equal(length, next);
            Assert.Equal(Enumerable.Range(0, buckets.All.Count), buckets.All.Select(bucket => bucket.Number));
            Assert.Equal(buckets.All.Select(bucket => bucket.Stage).Order(), buckets.All.Select(bucket => bucket.Stage));
        });

    [Fact]
    public void Large_neighbours_that_are_whole_together_leave_together_and_small_ones_wait()
    {
        // As GPT-2's: layers in the order of their names, the last norm beside them, the table that is the head, too, whole last.
        var (slices, length) = Slices([2 * Small, 2 * Small, 2 * Small, 100, 50, 3 * Small]);

        var buckets = GradientBuckets.Of(slices, length, [1, 0, 0, 0, 1, 1]).All;

        Assert.Equal(
            [new GradientBucket(0, 2 * Small, slices[4].Offset - (2 * Small), 0), new GradientBucket(1, 0, 2 * Small, 1), new GradientBucket(2, slices[4].Offset, length - slices[4].Offset, 1)],
            buckets);
    }

    [Fact]
    public void Small_parameters_that_are_whole_early_wait_for_a_neighbour()
    {
        var (slices, length) = Slices([100, 100, 100]);

        Assert.Equal([new GradientBucket(0, 0, length, 1)], GradientBuckets.Of(slices, length, [0, 1, 0]).All);
        Assert.Equal([new GradientBucket(0, 0, length, 0)], GradientBuckets.Of(slices, length, [0, 0, 0]).All);
    }

    private static (IReadOnlyList<FlatSlice> Slices, int Length) Slices(IEnumerable<int> counts)
    {
        var slices = new List<FlatSlice>();
        var end = 0;
        foreach (var count in counts)
        {
            slices.Add(new FlatSlice($"p{slices.Count:00}", end, count, [count]));
            end += (count + 15) / 16 * 16;
        }

        return (slices, end);
    }
}
