using GmailCluster.Shards;

namespace GmailCluster.Data.Shards;

/// <summary>A leaf as it was seen in the store.</summary>
/// <param name="Leaf">The leaf.</param>
/// <param name="ETag">Its version; null when it is not there yet.</param>
public sealed record VersionedLeaf(ShardLeaf Leaf, string? ETag);
