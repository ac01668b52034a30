namespace GmailCluster.Data.Shards;

/// <summary>How much a shard may ask of its reader.</summary>
public sealed record ShardLimits
{
    /// <summary>The defaults.</summary>
    public static ShardLimits Default { get; } = new();

    /// <summary>The largest member, in bytes. Default 256 MiB.</summary>
    public long MaxMemberBytes { get; init; } = 256L << 20;

    /// <summary>The most members of one sample. Default 64.</summary>
    public int MaxSampleMembers { get; init; } = 64;
}
