using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;

namespace GmailCluster.Cluster.Generation;

/// <summary>
/// The rules of one owner's leases: which shards are free, held, committed. It knows no clock, store or grain, so that histories
/// run by the thousand. It is made anew by each owner from what the manifest says, and takes up the leases of the owner before
/// as their holders tell of them.
/// </summary>
/// <remarks>
/// A lease ends when its holder dies or keeps silent too long. Fences begin with the owner's term, which is raised in the store
/// before the owner leases anything: a later lease, whoever gave it, has the higher fence.
/// </remarks>
internal sealed class ShardLedger
{
    private const int TermShift = 32;

    private readonly ArtifactKey _generation;
    private readonly bool[] _committed;
    private readonly Dictionary<int, HeldShard> _held = [];
    private readonly SortedSet<int> _returned = [];
    private long _fence;
    private int _next;

    /// <summary>A ledger of shards none of which is committed or held.</summary>
    /// <param name="generation">The generation stage.</param>
    /// <param name="shardCount">How many shards there are.</param>
    /// <param name="term">Higher than that of every owner before.</param>
    public ShardLedger(ArtifactKey generation, int shardCount, long term)
    {
        (_generation, _committed, _fence) = (generation, new bool[shardCount], term << TermShift);
    }

    /// <summary>All shards.</summary>
    public int ShardCount => _committed.Length;

    /// <summary>Shards that are in the manifest.</summary>
    public int CommittedCount { get; private set; }

    /// <summary>Whether a shard is in the manifest.</summary>
    public bool IsCommitted(int shard) => _committed[shard];

    /// <summary>Images in committed shards.</summary>
    public long CommittedImages { get; private set; }

    /// <summary>Images that holders have made and not committed.</summary>
    public long ImagesInFlight { get; private set; }

    /// <summary>The shards that are held, by number.</summary>
    public IReadOnlyDictionary<int, HeldShard> Held => _held;

    /// <summary>Leases the first shard that is free; null when none is.</summary>
    public ShardLease? Lease(string holder, DateTimeOffset expiresAt)
    {
        if (FindFree() is not { } shard)
        {
            return null;
        }

        var lease = new ShardLease(_generation, shard, ++_fence);
        _held[shard] = new HeldShard(lease, holder, expiresAt, 0);
        return lease;
    }

    /// <summary>Keeps a lease that its holder works on, or takes up one that an owner before this one gave.</summary>
    /// <returns>False when the lease is over: the shard is committed or somebody else's.</returns>
    public bool Renew(ShardLease lease, string holder, DateTimeOffset expiresAt)
    {
        if (_committed[lease.Shard] || IsStale(lease))
        {
            return false;
        }

        _held[lease.Shard] = _held.TryGetValue(lease.Shard, out var held) ? held with { ExpiresAt = expiresAt } : new HeldShard(lease, holder, expiresAt, 0);
        return true;
    }

    /// <summary>Notes how many images of a held shard are made.</summary>
    public void Report(int shard, int images)
    {
        if (_held.TryGetValue(shard, out var held))
        {
            ImagesInFlight += images - held.Images;
            _held[shard] = held with { Images = images };
        }
    }

    /// <summary>Whether the shard has been leased again since: then a commit under this lease is refused.</summary>
    public bool IsStale(ShardLease lease) => _held.TryGetValue(lease.Shard, out var held) && held.Lease.Fence != lease.Fence;

    /// <summary>Notes that a shard is in the manifest. A second call changes nothing.</summary>
    public void Commit(ShardEntry entry)
    {
        Release(entry.Number);
        if (!_committed[entry.Number])
        {
            _committed[entry.Number] = true;
            CommittedCount++;
            CommittedImages += entry.SampleCount;
        }
    }

    /// <summary>Frees the shards of holders that are gone or have kept silent too long.</summary>
    /// <returns>What was freed, in order of the shards' numbers.</returns>
    public IReadOnlyList<HeldShard> Free(Func<string, bool> isAlive, DateTimeOffset now)
    {
        var lost = _held.Values.Where(held => !isAlive(held.Holder) || now >= held.ExpiresAt).OrderBy(held => held.Lease.Shard).ToArray();
        foreach (var held in lost)
        {
            Release(held.Lease.Shard);
            _returned.Add(held.Lease.Shard);
        }

        return lost;
    }

    // Returned ones first; then on from where no shard has been given out yet, past what was found committed or held.
    private int? FindFree()
    {
        while (_returned.Count > 0)
        {
            var shard = _returned.Min;
            _returned.Remove(shard);
            if (IsFree(shard))
            {
                return shard;
            }
        }

        while (_next < ShardCount)
        {
            var shard = _next++;
            if (IsFree(shard))
            {
                return shard;
            }
        }

        return null;
    }

    private bool IsFree(int shard) => !_committed[shard] && !_held.ContainsKey(shard);

    private void Release(int shard)
    {
        if (_held.Remove(shard, out var held))
        {
            ImagesInFlight -= held.Images;
        }
    }
}
