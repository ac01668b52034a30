using GmailCluster.Learning.Optim;

namespace GmailCluster.Learning.Training;

/// <summary>
/// The parts of a flat gradient that are summed by themselves: runs of neighbouring parameters that are whole after the same stage of
/// the backward pass. They depend on the task alone, so that all silos of a run have the same.
/// </summary>
internal sealed class GradientBuckets
{
    // Fewer values than this wait for a neighbour's later stage, if there is one: they are not worth a round trip.
    private const int SmallFloats = 16 << 10;

    private GradientBuckets(IReadOnlyList<GradientBucket> all) => All = all;

    /// <summary>In the order in which they are whole, then in that of the buffer. They cover the buffer, padding included.</summary>
    public IReadOnlyList<GradientBucket> All { get; }

    /// <summary>The whole gradient in one, after the whole backward pass.</summary>
    public static GradientBuckets One(int length) => new([new GradientBucket(0, 0, length, int.MaxValue)]);

    /// <summary>What a backward pass gives.</summary>
    /// <param name="slices">The parameters, in buffer order.</param>
    /// <param name="length">Length of the buffer.</param>
    /// <param name="wholeAfter">For each parameter the stage after which its gradient is whole.</param>
    public static GradientBuckets Of(IReadOnlyList<FlatSlice> slices, int length, int[] wholeAfter)
    {
        var runs = new List<(int Start, int Stage)>();
        for (var i = 0; i < slices.Count; i++)
        {
            if (runs.Count == 0 || runs[^1].Stage != wholeAfter[i])
            {
                runs.Add((slices[i].Offset, wholeAfter[i]));
            }
        }

        int End(int run) => run + 1 < runs.Count ? runs[run + 1].Start : length;
        var joined = new List<(int Start, int Stage)>();
        for (var i = 0; i < runs.Count; i++)
        {
            var (start, stage) = runs[i];
            if (End(i) - start < SmallFloats)
            {
                var before = joined.Count > 0 ? joined[^1].Stage : -1;
                var after = i + 1 < runs.Count ? runs[i + 1].Stage : -1;
                stage = Math.Max(stage, before > stage && after > stage ? Math.Min(before, after) : Math.Max(before, after));
            }

            if (joined.Count == 0 || joined[^1].Stage != stage)
            {
                joined.Add((start, stage));
            }
        }

        var buckets = joined
            .Select((run, i) => (run.Start, Count: (i + 1 < joined.Count ? joined[i + 1].Start : length) - run.Start, run.Stage))
            .OrderBy(bucket => bucket.Stage).ThenBy(bucket => bucket.Start)
            .Select((bucket, number) => new GradientBucket(number, bucket.Start, bucket.Count, bucket.Stage));
        return new GradientBuckets([.. buckets]);
    }
}

/// <summary>A part of a flat gradient.</summary>
/// <param name="Number">0-based, by which all silos know it.</param>
/// <param name="Start">First value.</param>
/// <param name="Count">How many values.</param>
/// <param name="Stage">The stage of the backward pass after which it is whole.</param>
internal readonly record struct GradientBucket(int Number, int Start, int Count, int Stage)
{
    /// <summary>The part of a rank's gradient.</summary>
    public Memory<float> Of(Memory<float> gradient) => gradient.Slice(Start, Count);
}
