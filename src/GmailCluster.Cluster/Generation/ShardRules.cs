using GmailCluster.Grains;
using GmailCluster.Shards;

namespace GmailCluster.Cluster.Generation;

/// <summary>
/// The rules of a shard's lease: pending, leased, committed. A lease ends when its holder dies or its time is over; the next
/// one has a higher fence, and only the highest fence commits. Pure, so that histories run by the thousand.
/// </summary>
public static class ShardRules
{
    /// <summary>Gives the shard to a holder, if it is free.</summary>
    /// <param name="state">The shard.</param>
    /// <param name="holder">Who asks.</param>
    /// <param name="holderIsAlive">Whether the present holder is still a member of the cluster.</param>
    /// <param name="now">The time.</param>
    /// <param name="duration">How long the lease holds.</param>
    public static (ShardState Next, bool Leased) Lease(ShardState state, string holder, bool holderIsAlive, DateTimeOffset now, TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(state);
        var isFree = state.Entry is null && (state.Holder is null || !holderIsAlive || now >= state.ExpiresAt);
        return isFree
            ? (state with { Holder = holder, Fence = state.Fence + 1, ExpiresAt = now + duration }, true)
            : (state, false);
    }

    /// <summary>Commits a written shard.</summary>
    public static (ShardState Next, CommitResult Result) Commit(ShardState state, long fence, ShardEntry entry)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(entry);
        return state switch
        {
            { Entry: { } done } => (state, done.Sha256 == entry.Sha256 ? CommitResult.AlreadyCommitted : CommitResult.DifferentContent),
            _ when state.Holder is null || fence != state.Fence => (state, CommitResult.StaleFence),
            _ => (state with { Entry = entry, Holder = null }, CommitResult.Committed),
        };
    }
}

/// <summary>A shard's state.</summary>
public sealed record ShardState
{
    /// <summary>Counts leases; a commit needs the last one.</summary>
    public long Fence { get; init; }

    /// <summary>Who holds the lease.</summary>
    public string? Holder { get; init; }

    /// <summary>When the lease ends.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The content, once committed.</summary>
    public ShardEntry? Entry { get; init; }
}
