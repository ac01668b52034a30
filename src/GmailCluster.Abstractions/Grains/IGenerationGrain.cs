using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Stages;
using Orleans.Concurrency;

namespace GmailCluster.Grains;

/// <summary>
/// Owns one generation stage: leases shards to silos that ask, tracks progress, commits the manifest. Key: the generation key.
/// A lease lives with its owner and its holder; the manifest alone is durable. An owner that died is started again and learns
/// from the nodes what they hold.
/// </summary>
[Alias("gmail.IGenerationGrain")]
public interface IGenerationGrain : IStageGrain
{
    /// <summary>A shard to work on, or null when none is free now.</summary>
    /// <param name="holder">The asking silo's address.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [Alias("Lease")]
    Task<ShardOrder?> Lease(string holder, CancellationToken cancellationToken);

    /// <summary>
    /// Commits a written shard. A second call with the same content answers <see cref="CommitResult.AlreadyCommitted"/>. The lease
    /// of an owner that died is good unless the shard has been leased again.
    /// </summary>
    [Alias("Commit")]
    Task<CommitResult> Commit(ShardLease lease, ShardEntry entry, CancellationToken cancellationToken);

    /// <summary>Says that a worker could not make a shard: the stage ends with its words.</summary>
    [Alias("Fail")]
    Task Fail(ShardLease lease, StageFailure failure, CancellationToken cancellationToken);

    /// <summary>Counts images that a worker has made but not yet committed, for progress alone.</summary>
    [Alias("ReportImages"), OneWay]
    Task ReportImages(int shard, int images, CancellationToken cancellationToken);

    /// <summary>Which shards are committed and held, in at most so many cells; null when the owner has not planned them.</summary>
    [Alias("GetShardMap"), AlwaysInterleave]
    Task<ShardMap?> GetShardMap(int cells, CancellationToken cancellationToken);
}

/// <summary>A silo's right to write one shard, until somebody else is given it.</summary>
/// <param name="Generation">The generation stage.</param>
/// <param name="Shard">The shard's number.</param>
/// <param name="Fence">Higher than that of every lease before, over all owners.</param>
[GenerateSerializer, Immutable, Alias("gmail.shard-lease")]
public sealed record ShardLease(
    [property: Id(0)] ArtifactKey Generation,
    [property: Id(1)] int Shard,
    [property: Id(2)] long Fence);

/// <summary>A lease, and the stage to work by.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Lease">The lease.</param>
/// <param name="TraceParent">The stage's span; null when nobody listens.</param>
[GenerateSerializer, Immutable, Alias("gmail.shard-order")]
public sealed record ShardOrder([property: Id(0)] Stage Stage, [property: Id(1)] ShardLease Lease, [property: Id(2)] string? TraceParent);

/// <summary>What became of a commit.</summary>
public enum CommitResult
{
    /// <summary>The shard is now committed.</summary>
    Committed,

    /// <summary>It was committed before, with the same content.</summary>
    AlreadyCommitted,

    /// <summary>It was committed before with other content: the spec's promise is broken, or a machine computes wrongly.</summary>
    DifferentContent,

    /// <summary>The lease is over: somebody else may hold the shard.</summary>
    StaleFence,
}
