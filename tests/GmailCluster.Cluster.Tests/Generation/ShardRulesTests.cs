using CsCheck;
using GmailCluster.Cluster.Generation;
using GmailCluster.Grains;
using GmailCluster.Shards;

namespace GmailCluster.Cluster.Tests.Generation;

public sealed class ShardRulesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static readonly Gen<(bool IsCommit, int Fence, int Seconds, string Sha, bool HolderIsAlive)> Step =
        Gen.Select(Gen.Bool, Gen.Int[0, 3], Gen.Int[0, 180], Gen.Bool.Select(isA => isA ? "aa" : "bb"), Gen.Bool);

    [Fact]
    public void No_history_commits_without_a_lease_or_changes_content() => Step.Array[1, 50].Sample(history =>
    {
        var (state, now) = (new ShardState(), Noon);
        foreach (var (isCommit, fence, seconds, sha, holderIsAlive) in history)
        {
            var (before, result) = (state, CommitResult.StaleFence);
            now += TimeSpan.FromSeconds(seconds);
            if (isCommit)
            {
                (state, result) = ShardRules.Commit(before, fence, Entry(sha));
            }
            else
            {
                (state, _) = ShardRules.Lease(before, "a", holderIsAlive, now, Minute);
            }

            Assert.True(result is not CommitResult.Committed || (before.Holder is not null && before.Fence == fence));
            Assert.True(before.Entry is null || before.Entry == state.Entry);
            Assert.True(state.Fence >= before.Fence);
        }
    });

    [Fact]
    public void A_lease_holds_while_its_holder_lives_and_its_time_lasts()
    {
        var (held, _) = ShardRules.Lease(new ShardState(), "a", holderIsAlive: false, Noon, Minute);

        Assert.False(ShardRules.Lease(held, "b", holderIsAlive: true, Noon, Minute).Leased);
        Assert.True(ShardRules.Lease(held, "b", holderIsAlive: false, Noon, Minute).Leased);
        Assert.True(ShardRules.Lease(held, "b", holderIsAlive: true, Noon + Minute, Minute).Leased);
    }

    [Fact]
    public void A_commit_by_a_stale_lease_is_refused()
    {
        var (first, _) = ShardRules.Lease(new ShardState(), "a", holderIsAlive: false, Noon, Minute);
        var (second, _) = ShardRules.Lease(first, "b", holderIsAlive: false, Noon, Minute);

        Assert.Equal(CommitResult.StaleFence, ShardRules.Commit(second, first.Fence, Entry("aa")).Result);
        Assert.Equal(CommitResult.Committed, ShardRules.Commit(second, second.Fence, Entry("aa")).Result);
    }

    [Fact]
    public void A_second_commit_of_the_same_bytes_is_harmless_and_of_others_is_told()
    {
        var (leased, _) = ShardRules.Lease(new ShardState(), "a", holderIsAlive: false, Noon, Minute);
        var (committed, _) = ShardRules.Commit(leased, leased.Fence, Entry("aa"));

        Assert.Equal(CommitResult.AlreadyCommitted, ShardRules.Commit(committed, leased.Fence, Entry("aa")).Result);
        Assert.Equal(CommitResult.DifferentContent, ShardRules.Commit(committed, leased.Fence, Entry("bb")).Result);
    }

    private static ShardEntry Entry(string sha) => new(7, sha, 10, 1);
}
