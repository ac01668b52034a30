using System.Runtime.InteropServices;
using CsCheck;
using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Tests.Exchange;

/// <summary>What every data plane must do, whatever carries it.</summary>
public abstract class DataPlaneConformance
{
    private static readonly Gen<int[]> Splits =
        from worldSize in Gen.Int[1, 9]
        from cuts in Gen.Bool.Array[worldSize - 1]
        select RankCounts(cuts);

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Silos that can reach one another, named as a plan's members are. The world that is returned ends them.</summary>
    protected abstract Task<IDataPlaneWorld> World(int silos);

    [Fact]
    public async Task A_sum_is_the_single_process_tree_bit_for_bit_however_ranks_are_split() =>
        await Gen.Select(Splits, Gen.Int[1, 40_000], Gen.Enum<WireType>(), Gen.UInt).SampleAsync(
            async (rankCounts, length, wire, seed) =>
            {
                var ranks = Gradients(rankCounts.Sum(), length, seed);
                var expected = ranks.Select(rank => (Memory<float>)rank.ToArray()).ToArray();
                CanonicalTree.Combine(expected, wire);
                await using var world = await World(rankCounts.Length);

                var exchanges = await world.Join(rankCounts, wire);
                var sums = await Task.WhenAll(exchanges.Select(exchange => Sum(exchange, 0, ranks)));

                Assert.All(sums, sum => Assert.True(expected[0].Span.SequenceEqual(sum)));
            },
            iter: 25, threads: 1);

    [Theory]
    [InlineData(WireType.Float32, 1, 1)]
    [InlineData(WireType.Bfloat16, 2, 2)]
    [InlineData(WireType.Float32, 3, 1)]
    [InlineData(WireType.Bfloat16, 1, 3, 1)]
    [InlineData(WireType.Float32, 2, 2, 2, 2)]
    public async Task Large_sums_and_rows_are_whole_and_one_after_the_other(WireType wire, params int[] rankCounts)
    {
        await using var world = await World(rankCounts.Length);
        var exchanges = await world.Join(rankCounts, wire);

        for (var step = 0; step < 3; step++)
        {
            var ranks = Gradients(rankCounts.Sum(), 700_001, (uint)step);
            var rows = ranks.SelectMany(rank => MemoryMarshal.AsBytes(rank.AsSpan()).ToArray()).ToArray();
            var told = await Task.WhenAll(exchanges.Select(async exchange =>
            {
                var (own, perRank) = (exchange.Plan.Own, rows.Length / ranks.Length);
                var gathering = exchange.AllGather(step, "rows", rows.AsMemory(own.FirstRank * perRank, own.RankCount * perRank), Token);
                return (Sum: await Sum(exchange, step, ranks), Rows: await gathering);
            }));

            Assert.All(told, t => Assert.True(t.Sum.AsSpan().SequenceEqual(Expected(ranks, wire))));
            Assert.All(told, t => Assert.True(t.Rows.AsSpan().SequenceEqual(rows)));
        }
    }

    [Fact]
    public async Task Rows_of_all_ranks_arrive_in_rank_order() =>
        await Gen.Select(Splits, Gen.Int[0, 3000]).SampleAsync(
            async (rankCounts, perRank) =>
            {
                var rows = Enumerable.Range(0, rankCounts.Sum()).SelectMany(rank => Enumerable.Repeat((byte)(rank + 1), perRank)).ToArray();
                await using var world = await World(rankCounts.Length);

                var exchanges = await world.Join(rankCounts);
                var gathered = await Task.WhenAll(exchanges.Select(exchange => exchange.AllGather(
                    3, "rows", rows.AsMemory(exchange.Plan.Own.FirstRank * perRank, exchange.Plan.Own.RankCount * perRank), Token)));

                Assert.All(gathered, all => Assert.Equal(rows, all));
            },
            iter: 25, threads: 1);

    [Fact]
    public async Task Calls_of_many_steps_and_names_at_once_do_not_mix()
    {
        await using var world = await World(3);
        var exchanges = await world.Join([1, 2, 1]);
        var ranks = Enumerable.Range(0, 4).Select(step => Gradients(4, 5000, (uint)step)).ToArray();

        var calls = exchanges.Select(async exchange =>
        {
            var own = Enumerable.Repeat((byte)exchange.Plan.Self, exchange.Plan.Own.RankCount).ToArray();
            var gathers = Enumerable.Range(0, 4).SelectMany(step => new[] { "a", "b" }.Select(name =>
                exchange.AllGather(step, name, own.Select(b => (byte)(b + (10 * step) + (name == "b" ? 100 : 0))).ToArray(), Token))).ToArray();
            var sums = await Task.WhenAll(Enumerable.Range(0, 4).Select(step => Sum(exchange, step, ranks[step])));
            return (Gathers: await Task.WhenAll(gathers), Sums: sums);
        });

        foreach (var (gathers, sums) in await Task.WhenAll(calls))
        {
            for (var i = 0; i < gathers.Length; i++)
            {
                var offset = (10 * (i / 2)) + (i % 2 == 1 ? 100 : 0);
                Assert.Equal(new[] { 0, 1, 1, 2 }.Select(self => (byte)(self + offset)), gathers[i]);
            }

            Assert.All(Enumerable.Range(0, 4), step => Assert.Equal(Expected(ranks[step]), sums[step]));
        }
    }

    [Theory]
    [InlineData(WireType.Float32, 1, 1)]
    [InlineData(WireType.Bfloat16, 2, 1, 1)]
    [InlineData(WireType.Float32, 3, 2)]
    public async Task Buckets_of_a_step_do_not_mix_in_whatever_order_members_begin_them(WireType wire, params int[] rankCounts)
    {
        await using var world = await World(rankCounts.Length);
        var exchanges = await world.Join(rankCounts, wire);
        int[] lengths = [1, 70_000, 300_001, 16, 900_000, 5, 40_000, 123_457, 1_000, 2, 700_001, 30_000];
        var ranks = lengths.Select((length, bucket) => Gradients(rankCounts.Sum(), length, (uint)bucket)).ToArray();

        var sums = await Task.WhenAll(exchanges.Select(async (exchange, member) =>
        {
            var all = new float[lengths.Length][];
            var order = Enumerable.Range(0, lengths.Length).OrderBy(bucket => (bucket * (member + 5)) % 13); // each member another
            await Task.WhenAll(order.Select(async bucket => all[bucket] = await Sum(exchange, 0, ranks[bucket], bucket)));
            return all;
        }));

        Assert.All(sums, all => Assert.All(all.Index(), sum => Assert.True(sum.Item.AsSpan().SequenceEqual(Expected(ranks[sum.Index], wire)), $"bucket {sum.Index}")));
    }

    [Theory]
    [InlineData(1000, 1, 1)]
    [InlineData(200_000, 1, 1)]
    [InlineData(500, 1, 1, 1)]
    [InlineData(70_000, 3, 2)]
    [InlineData(600_000, 1, 2, 1)]
    public async Task The_sum_may_take_the_place_of_the_first_partial(int length, params int[] rankCounts)
    {
        await using var world = await World(rankCounts.Length);
        var exchanges = await world.Join(rankCounts);
        var ranks = Gradients(rankCounts.Sum(), length, 1);

        var sums = await Task.WhenAll(exchanges.Select(async exchange =>
        {
            var partials = Partials(exchange, ranks);
            await exchange.AllReduce(0, 0, partials, partials[0], Token);
            return partials[0].ToArray();
        }));

        Assert.All(sums, sum => Assert.Equal(Expected(ranks), sum));
    }

    [Fact]
    public async Task A_member_that_comes_early_waits_for_the_last()
    {
        await using var world = await World(3);
        var plans = world.Plans([1, 1, 1]);

        var early = Enumerable.Range(0, 2).Select(i => world.Planes[i].Join(plans[i], Token)).ToArray();
        Assert.All(early, join => Assert.False(join.IsCompleted));
        var last = await world.Planes[2].Join(plans[2], Token);
        var others = await Task.WhenAll(early);

        await Meet([.. others, last], 0);
    }

    [Fact]
    public async Task A_member_that_does_not_come_is_named()
    {
        await using var world = await World(3);
        var plans = world.Plans([1, 1, 1]);

        var early = Enumerable.Range(0, 2).Select(i => world.Planes[i].Join(plans[i], Token)).ToArray();

        var lost = await Assert.ThrowsAsync<PeerLostException>(() => world.JoinTimesOut(early[0]));
        Assert.Equal(plans[0].Members[2].Silo, lost.Silo);
        lost = await Assert.ThrowsAsync<PeerLostException>(() => early[1]);
        Assert.Equal(plans[0].Members[2].Silo, lost.Silo);
    }

    [Fact]
    public async Task A_newer_generation_number_ends_the_older_exchange()
    {
        await using var world = await World(2);
        var older = await world.Join([2, 2]);
        var waiting = older[1].AllGather(0, "rows", new byte[2], Token);

        var newer = await world.Join([1, 3], generationNumber: 2);

        await Assert.ThrowsAsync<PeerLostException>(() => waiting);
        await Assert.ThrowsAsync<PeerLostException>(() => older[0].AllGather(0, "rows", new byte[2], Token));
        await Meet(newer, 0);
    }

    [Fact]
    public async Task An_older_generation_number_is_refused()
    {
        await using var world = await World(2);
        await world.Join([2, 2], generationNumber: 5);

        await Assert.ThrowsAsync<PeerLostException>(() => world.Planes[0].Join(world.Plans([2, 2], generationNumber: 4)[0], Token));
    }

    [Fact]
    public async Task Members_with_different_plans_of_one_number_do_not_meet()
    {
        await using var world = await World(2);

        var joins = new[]
        {
            world.Planes[0].Join(world.Plans([2, 2])[0], Token), world.Planes[1].Join(world.Plans([1, 3])[1], Token),
        };

        await Assert.ThrowsAsync<PeerLostException>(() => world.JoinTimesOut(joins[1]));
        await Assert.ThrowsAsync<PeerLostException>(() => joins[0]);
    }

    [Fact]
    public async Task Runs_do_not_disturb_one_another()
    {
        await using var world = await World(2);
        var one = await world.Join([2, 2], run: new ArtifactKey("one"));
        var other = await world.Join([1, 3], run: new ArtifactKey("other"), generationNumber: 9);

        await Task.WhenAll(Meet(one, 0), Meet(other, 0));
        await one[0].DisposeAsync();

        await Meet(other, 1);
    }

    [Fact]
    public async Task A_broken_connection_ends_all_calls_present_and_future_and_names_the_silo()
    {
        await using var world = await World(3);
        var exchanges = await world.Join([1, 1, 1]);
        var gather = exchanges[0].AllGather(0, "rows", new byte[1], Token);
        var sum = exchanges[0].AllReduce(0, 0, [new float[10]], new float[10], Token);

        await world.Break(2);

        var lost = await Assert.ThrowsAsync<PeerLostException>(() => gather);
        Assert.Equal(exchanges[0].Plan.Members[2].Silo, lost.Silo);
        await Assert.ThrowsAsync<PeerLostException>(() => sum);
        lost = await Assert.ThrowsAsync<PeerLostException>(() => exchanges[0].AllGather(1, "rows", new byte[1], Token));
        Assert.Equal(exchanges[0].Plan.Members[2].Silo, lost.Silo);
    }

    [Fact]
    public async Task Whoever_hears_of_a_loss_from_another_names_the_one_that_is_lost() =>
        await Gen.Int[0, 3].SampleAsync(
            async gone =>
            {
                await using var world = await World(4);
                var exchanges = await world.Join([1, 1, 1, 1]);
                var calls = exchanges.Where((_, i) => i != gone).Select(exchange => exchange.AllReduce(0, 0, [new float[300_000]], new float[300_000], Token)).ToArray();

                await world.Break(gone);

                foreach (var call in calls)
                {
                    var lost = await Assert.ThrowsAsync<PeerLostException>(() => call);
                    Assert.Equal($"silo-{gone}", lost.Silo);
                }
            },
            iter: 8, threads: 1);

    [Fact]
    public async Task A_silo_that_is_gone_cannot_be_joined()
    {
        await using var world = await World(2);
        var plans = world.Plans([1, 1]);

        await world.Break(0);

        var lost = await Assert.ThrowsAsync<PeerLostException>(() => world.Planes[1].Join(plans[1], Token));
        Assert.Equal(plans[1].Members[0].Silo, lost.Silo);
    }

    [Fact]
    public async Task A_silent_member_is_lost()
    {
        await using var world = await World(2);
        var exchanges = await world.Join([1, 1]);
        var waiting = exchanges[0].AllGather(0, "rows", new byte[1], Token);

        var silence = world.Silence(1);

        await Assert.ThrowsAsync<PeerLostException>(() => waiting);
        await silence;
    }

    [Fact]
    public async Task What_a_member_gave_before_it_left_still_arrives()
    {
        await using var world = await World(3);
        var exchanges = await world.Join([1, 1, 1]);
        var early = exchanges[1].AllGather(0, "rows", new byte[] { 1 }, Token);
        var last = exchanges[0].AllGather(0, "rows", new byte[] { 0 }, Token);
        var all = exchanges[2].AllGather(0, "rows", new byte[] { 2 }, Token);
        await early;

        await exchanges[1].DisposeAsync();

        Assert.Equal(new byte[] { 0, 1, 2 }, await last);
        Assert.Equal(new byte[] { 0, 1, 2 }, await all);
        var lost = await Assert.ThrowsAsync<PeerLostException>(() => exchanges[0].AllGather(1, "rows", new byte[] { 0 }, Token));
        Assert.Equal(exchanges[0].Plan.Members[1].Silo, lost.Silo);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => exchanges[1].AllGather(1, "rows", new byte[] { 0 }, Token));
    }

    [Fact]
    public async Task Leaving_ends_the_calls_that_miss_something()
    {
        await using var world = await World(2);
        var exchanges = await world.Join([1, 1]);
        var waiting = exchanges[0].AllReduce(0, 0, [new float[100_000]], new float[100_000], Token);

        await exchanges[1].DisposeAsync();

        await Assert.ThrowsAsync<PeerLostException>(() => waiting);
    }

    [Fact]
    public async Task Disposing_ends_own_calls()
    {
        await using var world = await World(2);
        var exchanges = await world.Join([1, 1]);
        var waiting = exchanges[0].AllReduce(0, 0, [new float[100_000]], new float[100_000], Token);

        await exchanges[0].DisposeAsync();
        await exchanges[0].DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    [Fact]
    public async Task A_cancelled_call_ends_the_exchange()
    {
        await using var world = await World(2);
        var exchanges = await world.Join([1, 1]);
        using var cancel = new CancellationTokenSource();
        var cancelled = exchanges[0].AllReduce(0, 0, [new float[100_000]], new float[100_000], cancel.Token);
        var other = exchanges[1].AllGather(0, "rows", new byte[1], Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await Assert.ThrowsAsync<PeerLostException>(() => other);
        await Assert.ThrowsAsync<PeerLostException>(() => exchanges[0].AllGather(0, "rows", new byte[1], Token));
    }

    [Fact]
    public async Task A_join_can_be_cancelled()
    {
        await using var world = await World(2);
        using var cancel = new CancellationTokenSource();
        var join = world.Planes[0].Join(world.Plans([1, 1])[0], cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => join);
    }

    [Fact]
    public async Task Rows_of_another_size_are_not_believed()
    {
        await using var world = await World(2);
        var exchanges = await world.Join([1, 1]);

        var calls = new[] { exchanges[0].AllGather(0, "rows", new byte[8], Token), exchanges[1].AllGather(0, "rows", new byte[12], Token) };

        await Assert.ThrowsAsync<PeerLostException>(() => calls[0]);
        await Assert.ThrowsAsync<PeerLostException>(() => calls[1]);
    }

    [Fact]
    public async Task State_is_streamed_while_it_is_offered()
    {
        await using var world = await World(2);
        var run = new ArtifactKey("run");
        var state = new TrainingState([0.5, 0.25], Gradients(1, 300_000, 1)[0], Gradients(1, 300_000, 2)[0], []);
        var address = world.Planes[0].Address;

        var before = await world.Planes[1].Fetch(address, run, Token);
        TrainingState? during;
        using (world.Planes[0].Offer(run, () => state))
        {
            during = await world.Planes[1].Fetch(address, run, Token);
            Assert.Null(await world.Planes[1].Fetch(address, new ArtifactKey("another"), Token));
        }

        var after = await world.Planes[1].Fetch(address, run, Token);

        Assert.Null(before);
        Assert.Null(after);
        Assert.NotNull(during);
        Assert.Equal(state.Losses, during.Losses);
        Assert.Equal(state.Values, during.Values);
        Assert.Equal(state.FirstMoment, during.FirstMoment);
        Assert.Empty(during.SecondMoment);
    }

    [Fact]
    public async Task State_of_a_silo_that_is_gone_is_not_to_be_had()
    {
        await using var world = await World(2);

        await world.Break(0);

        await Assert.ThrowsAsync<PeerLostException>(() => world.Planes[1].Fetch(world.Planes[0].Address, new ArtifactKey("run"), Token));
    }

    /// <summary>All members exchange something, and get it.</summary>
    protected static async Task Meet(IReadOnlyList<IRunExchange> exchanges, int step)
    {
        var ranks = Gradients(exchanges[0].Plan.WorldSize, 1000, (uint)step);
        var sums = await Task.WhenAll(exchanges.Select(exchange => Sum(exchange, step, ranks)));
        Assert.All(sums, sum => Assert.Equal(Expected(ranks), sum));
    }

    protected static float[][] Gradients(int worldSize, int length, uint seed)
    {
        var random = seed ^ 0x9E3779B9;
        return [.. Enumerable.Range(0, worldSize).Select(_ => Enumerable.Range(0, length).Select(_ => Next()).ToArray())];

        float Next()
        {
            random = (random * 1664525) + 1013904223;
            return ((int)random >> 8) * MathF.Pow(2, (random >> 3 & 31) - 40f); // many magnitudes, so that order shows
        }
    }

    protected static float[] Expected(float[][] ranks, WireType wire = WireType.Float32)
    {
        var copies = ranks.Select(rank => (Memory<float>)rank.ToArray()).ToArray();
        CanonicalTree.Combine(copies, wire);
        return copies[0].ToArray();
    }

    protected static async Task<float[]> Sum(IRunExchange exchange, int step, float[][] ranks, int bucket = 0)
    {
        var sum = new float[ranks[0].Length];
        await exchange.AllReduce(step, bucket, Partials(exchange, ranks), sum, Token);
        return sum;
    }

    private static IReadOnlyList<Memory<float>> Partials(IRunExchange exchange, float[][] ranks)
    {
        var (plan, own) = (exchange.Plan, exchange.Plan.Own);
        var copies = ranks.Skip(own.FirstRank).Take(own.RankCount).Select(rank => (Memory<float>)rank.ToArray()).ToArray();
        return CanonicalTree.CombineSubtrees(copies, own.FirstRank, plan.WorldSize, plan.Wire);
    }

    private static int[] RankCounts(bool[] cuts)
    {
        var counts = new List<int> { 1 };
        foreach (var cut in cuts)
        {
            if (cut)
            {
                counts.Add(1);
            }
            else
            {
                counts[^1]++;
            }
        }

        return [.. counts];
    }
}
