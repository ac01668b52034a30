using CsCheck;
using GmailCluster.Learning.Sampling;

namespace GmailCluster.Learning.Tests.Sampling;

public sealed class BatchSamplerTests
{
    private static readonly Gen<(int Seed, int[] Real, int[] Generated, int Batch)> World =
        Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 30].Array[1, 40], Gen.Int[0, 30].Array[1, 40], Gen.Int[1, 16]);

    [Fact]
    public void A_batch_depends_on_seed_stage_and_step_alone() => World.Sample(world =>
    {
        var a = Sampler(world.Seed, "align", [world.Real, world.Generated], world.Batch);
        var b = Sampler(world.Seed, "align", [world.Real, world.Generated], world.Batch);

        var backwards = Enumerable.Range(0, 12).Reverse().Select(step => (step, Batch: b.Batch(step))).ToDictionary(x => x.step, x => x.Batch);

        Assert.All(Enumerable.Range(0, 12), step => Assert.Equal(a.Batch(step), backwards[step]));
    });

    [Fact]
    public void An_epoch_of_one_stream_visits_every_item_once()
    {
        var sampler = Sampler(3, "x", [Enumerable.Range(0, 24).ToArray()], 8);

        var seen = Enumerable.Range(0, 3).SelectMany(sampler.Batch).Select(d => d.Item).Order();

        Assert.Equal(Enumerable.Range(0, 24), seen);
    }

    [Fact]
    public void Streams_share_a_batch_evenly_and_groups_do_not_meet() => Gen.Int[0, 1000].Sample(seed =>
    {
        var groups = Enumerable.Range(0, 100).ToArray();
        var batch = Sampler(seed, "x", [groups, groups], 20).Batch(seed);

        Assert.Equal(10, batch.Count(d => d.Stream == 0));
        Assert.Equal(20, batch.Select(d => d.Item).Distinct().Count());
    });

    private static BatchSampler Sampler(int seed, string stage, int[][] groups, int batch) => new((ulong)seed, stage, groups, batch);
}
