namespace GmailCluster.Grains;

/// <summary>How far the shards of a generation are.</summary>
/// <param name="ShardCount">All shards.</param>
/// <param name="CommittedCount">Those in the manifest.</param>
/// <param name="ShardsPerCell">How many shards, following one another, a cell stands for; the last cell may have fewer.</param>
/// <param name="Committed">Committed shards of each cell.</param>
/// <param name="Held">Shards that are being made, by number, the first few hundred.</param>
[GenerateSerializer, Immutable, Alias("gmail.shard-map")]
public sealed record ShardMap(
    [property: Id(0)] int ShardCount,
    [property: Id(1)] int CommittedCount,
    [property: Id(2)] int ShardsPerCell,
    [property: Id(3)] IReadOnlyList<int> Committed,
    [property: Id(4)] IReadOnlyList<ShardInHand> Held)
{
    /// <summary>The most held shards that are told.</summary>
    public const int MostHeld = 256;

    /// <summary>Counts the shards by cells.</summary>
    /// <param name="shardCount">All shards, at least one.</param>
    /// <param name="cells">The most cells.</param>
    /// <param name="isCommitted">Whether a shard is committed.</param>
    /// <param name="held">Shards in hand.</param>
    public static ShardMap Of(int shardCount, int cells, Func<int, bool> isCommitted, IEnumerable<ShardInHand> held)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shardCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(cells);
        ArgumentNullException.ThrowIfNull(isCommitted);
        var perCell = (shardCount + cells - 1) / cells;
        var committed = new int[(shardCount + perCell - 1) / perCell];
        for (var shard = 0; shard < shardCount; shard++)
        {
            committed[shard / perCell] += isCommitted(shard) ? 1 : 0;
        }

        return new ShardMap(shardCount, committed.Sum(), perCell, committed, [.. held.OrderBy(shard => shard.Shard).Take(MostHeld)]);
    }
}

/// <summary>A shard that is being made.</summary>
/// <param name="Shard">Its number.</param>
/// <param name="Silo">By whom.</param>
/// <param name="Images">Images made so far.</param>
[GenerateSerializer, Immutable, Alias("gmail.shard-in-hand")]
public sealed record ShardInHand([property: Id(0)] int Shard, [property: Id(1)] string Silo, [property: Id(2)] int Images);
