using System.Globalization;
using GmailCluster.Cluster.Generation;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;

namespace GmailCluster.Cluster.Tests.Generation;

/// <summary>
/// A generation without silos: owners of which all but the last are zombies, holders that may be dead to the cluster and live on,
/// a manifest, and a clock.
/// </summary>
internal sealed class GenerationWorld
{
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromMinutes(1);

    private readonly ArtifactKey _key;
    private readonly int _shardCount;
    private readonly List<ShardLedger> _owners = [];
    private readonly List<(ShardLease Lease, string Holder)> _inHand = [];
    private readonly HashSet<string> _dead = [];
    private readonly HashSet<long> _fences = [];
    private ShardLeaf _leaf = ShardLeaf.Empty(0);
    private DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public GenerationWorld(ArtifactKey key, int shardCount)
    {
        (_key, _shardCount) = (key, shardCount);
        NewOwner();
    }

    public IReadOnlyList<ShardEntry> Manifest => _leaf.Shards;

    private ShardLedger Owner => _owners[^1];

    public void Act(int act, int choice)
    {
        switch (act)
        {
            case 0 or 1:
                Lease(Owner, $"silo-{choice % 4}");
                break;
            case 2:
                Lease(_owners[choice % _owners.Count], $"silo-{choice % 4}"); // a zombie's, perhaps
                break;
            case 3 when _inHand.Count > 0:
                Bring(Owner, _inHand[choice % _inHand.Count].Lease);
                break;
            case 4 when _inHand.Count > 0:
                Bring(_owners[choice % _owners.Count], _inHand[choice % _inHand.Count].Lease);
                break;
            case 5:
                _now += TimeSpan.FromSeconds(choice % 90);
                Owner.Free(IsAlive, _now);
                break;
            case 6:
                _dead.Add($"silo-{choice % 4}"); // to the cluster: what it has in hand it may still bring
                Owner.Free(IsAlive, _now);
                break;
            case 7:
                _dead.Remove($"silo-{choice % 4}");
                Ask(Owner);
                break;
            case 8 when choice % 3 == 0:
                NewOwner();
                break;
        }
    }

    /// <summary>No owner knows of more than the manifest has, and what is held has the fence of one lease that was given.</summary>
    public void Check()
    {
        Assert.All(_owners, owner => Assert.InRange(owner.CommittedCount, 0, _leaf.Shards.Length));
        Assert.All(Owner.Held, pair => Assert.Contains(_inHand, inHand => inHand.Lease == pair.Value.Lease && inHand.Lease.Shard == pair.Key));
        Assert.InRange(Owner.CommittedCount + Owner.Held.Count, 0, _shardCount);
    }

    /// <summary>Everybody dies, and one silo comes: it must be able to end the work alone.</summary>
    public void RunToTheEnd()
    {
        NewOwner();
        Owner.Free(holder => false, _now);
        for (var i = 0; i < _shardCount && Owner.CommittedCount < _shardCount; i++)
        {
            Lease(Owner, "last");
            Bring(Owner, _inHand[^1].Lease);
        }

        Assert.Equal(_shardCount, Owner.CommittedCount);
    }

    private void NewOwner()
    {
        var ledger = new ShardLedger(_key, _shardCount, term: _owners.Count + 1);
        foreach (var entry in _leaf.Shards)
        {
            ledger.Commit(entry);
        }

        Ask(ledger);
        _owners.Add(ledger);
    }

    private void Ask(ShardLedger owner)
    {
        foreach (var (lease, holder) in _inHand.Where(pair => IsAlive(pair.Holder)))
        {
            owner.Renew(lease, holder, _now + LeaseDuration);
        }
    }

    private void Lease(ShardLedger owner, string holder)
    {
        if (owner.Lease(holder, _now + LeaseDuration) is { } lease)
        {
            Assert.True(_fences.Add(lease.Fence), $"fence {lease.Fence} was given twice");
            _inHand.Add((lease, holder));
        }
    }

    // As the grain does it: the ledger refuses who has been replaced, the manifest decides the rest.
    private void Bring(ShardLedger owner, ShardLease lease)
    {
        if (owner.IsStale(lease))
        {
            return;
        }

        var entry = new ShardEntry(lease.Shard, lease.Shard.ToString("x64", CultureInfo.InvariantCulture), 10, 1);
        (_leaf, var result) = _leaf.Append(entry);
        Assert.NotEqual(AppendResult.DifferentContent, result);
        owner.Commit(entry);
    }

    private bool IsAlive(string holder) => !_dead.Contains(holder);
}
