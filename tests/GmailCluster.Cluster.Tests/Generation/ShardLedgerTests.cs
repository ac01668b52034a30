using CsCheck;
using GmailCluster.Cluster.Generation;
using GmailCluster.Keys;
using GmailCluster.Shards;

namespace GmailCluster.Cluster.Tests.Generation;

public sealed class ShardLedgerTests
{
    private static readonly ArtifactKey Key = new("0123456789abcdef0123456789abcdef");
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Later = Noon + TimeSpan.FromMinutes(1);

    private readonly ShardLedger _ledger = new(Key, shardCount: 3, term: 1);

    [Fact]
    public void Shards_are_leased_in_order_until_none_is_free()
    {
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(_ => _ledger.Lease("a", Later)!.Shard));
        Assert.Null(_ledger.Lease("b", Later));
    }

    [Fact]
    public void The_shards_of_a_dead_holder_are_free_at_once_and_those_of_a_silent_one_when_its_time_is_over()
    {
        _ledger.Lease("dead", Later);
        _ledger.Lease("silent", Later);

        Assert.Equal([0], _ledger.Free(holder => holder != "dead", Noon).Select(held => held.Lease.Shard));
        Assert.Equal([1], _ledger.Free(_ => true, Later).Select(held => held.Lease.Shard));
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(_ => _ledger.Lease("b", Later)!.Shard));
    }

    [Fact]
    public void A_lease_is_stale_once_the_shard_is_leased_again()
    {
        var first = _ledger.Lease("a", Later)!;
        _ledger.Free(_ => false, Noon);
        Assert.False(_ledger.IsStale(first)); // nobody else has it: its work is as good as ever

        var second = _ledger.Lease("b", Later)!;

        Assert.Equal(first.Shard, second.Shard);
        Assert.True(_ledger.IsStale(first));
        Assert.False(_ledger.Renew(first, "a", Later));
        Assert.True(_ledger.Renew(second, "b", Later));
    }

    [Fact]
    public void The_next_owner_takes_up_what_a_holder_says_it_works_on()
    {
        var lease = _ledger.Lease("a", Later)!;
        var next = new ShardLedger(Key, 3, term: 2);

        Assert.True(next.Renew(lease, "a", Later));

        Assert.Equal([1, 2], Enumerable.Range(0, 2).Select(_ => next.Lease("b", Later)!.Shard));
        Assert.False(next.IsStale(lease));
    }

    [Fact]
    public void A_held_shard_whose_holder_is_heard_of_is_not_freed()
    {
        var lease = _ledger.Lease("a", Later)!;

        Assert.True(_ledger.Renew(lease, "a", Later + TimeSpan.FromMinutes(1)));

        Assert.Empty(_ledger.Free(_ => true, Later));
    }

    [Fact]
    public void Progress_counts_an_image_once()
    {
        var lease = _ledger.Lease("a", Later)!;
        _ledger.Report(lease.Shard, 3);
        _ledger.Report(lease.Shard, 5);
        Assert.Equal(5, _ledger.ImagesInFlight);

        _ledger.Commit(new ShardEntry(lease.Shard, "aa", 1, 7));
        _ledger.Commit(new ShardEntry(lease.Shard, "aa", 1, 7));

        Assert.Equal((0, 7, 1), (_ledger.ImagesInFlight, _ledger.CommittedImages, _ledger.CommittedCount));
    }

    /// <summary>
    /// Owners come and go, the ones before live on as zombies, holders die, hang, come back and bring what they made long ago, all
    /// in any order: each shard is in the manifest once, and the last owner always gets done.
    /// </summary>
    [Fact]
    public void In_every_history_each_shard_is_committed_once() =>
        Gen.Select(Gen.Int[1, 12], Gen.Select(Gen.Int[0, 8], Gen.Int[0, 1000]).Array[0, 120]).Sample(
            (shards, acts) =>
            {
                var world = new GenerationWorld(Key, shards);
                foreach (var (act, choice) in acts)
                {
                    world.Act(act, choice);
                    world.Check();
                }

                world.RunToTheEnd();
                Assert.Equal(Enumerable.Range(0, shards), world.Manifest.Select(entry => entry.Number));
            },
            iter: 5_000);
}
