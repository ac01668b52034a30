using GmailCluster.Grains;

namespace GmailCluster.Cluster.Generation;

/// <summary>A leased shard.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="Holder">The silo that has it.</param>
/// <param name="ExpiresAt">When it ends unless the holder is heard of.</param>
/// <param name="Images">How many images the holder has made of it.</param>
internal readonly record struct HeldShard(ShardLease Lease, string Holder, DateTimeOffset ExpiresAt, int Images);
