namespace GmailCluster.Cluster.Generation;

/// <summary>What a generation's owner keeps in the store. Which shards are committed stands in the manifest alone.</summary>
public sealed record GenerationState
{
    /// <summary>Raised by each owner before it leases anything; leases begin with it.</summary>
    public long Term { get; init; }
}
