using GmailCluster.Cluster.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Generation;

/// <inheritdoc cref="IGenerationShardGrain"/>
internal sealed partial class GenerationShardGrain(
    [PersistentState("shard", ObjectStoreGrainStorage.Name)] IPersistentState<ShardState> shard,
    ISiloStatusOracle silos,
    TimeProvider time,
    IOptions<GenerationOptions> options,
    ILogger<GenerationShardGrain> logger) : Grain, IGenerationShardGrain
{
    public async Task<ShardLease?> Lease(string holder, CancellationToken cancellationToken)
    {
        var (next, leased) = ShardRules.Lease(shard.State, holder, IsAlive(shard.State.Holder), time.GetUtcNow(), options.Value.LeaseDuration);
        if (!leased)
        {
            return null;
        }

        await shard.Save(next, DeactivateOnIdle, cancellationToken);
        var parts = this.GetPrimaryKeyString().Split('/');
        return new ShardLease(new ArtifactKey(parts[0]), int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), next.Fence, next.ExpiresAt);
    }

    public async Task<CommitResult> Commit(ShardLease lease, ShardEntry entry, CancellationToken cancellationToken)
    {
        var (next, result) = ShardRules.Commit(shard.State, lease.Fence, entry);
        if (result is CommitResult.Committed)
        {
            await shard.Save(next, DeactivateOnIdle, cancellationToken);
        }

        var key = this.GetPrimaryKeyString();
        LogCommit(key, result, lease.Fence, next.Fence);
        return result;
    }

    public Task<ShardEntry?> GetEntry(CancellationToken cancellationToken) => Task.FromResult(shard.State.Entry);

    private bool IsAlive(string? holder) =>
        holder is not null && silos.GetApproximateSiloStatus(SiloAddress.FromParsableString(holder)) is SiloStatus.Active or SiloStatus.Joining;

    [LoggerMessage(Level = LogLevel.Debug, Message = "Shard {Shard}: {Result} under fence {Fence}, now {Next}")]
    private partial void LogCommit(string shard, CommitResult result, long fence, long next);
}
