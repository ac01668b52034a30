using GmailCluster.Cluster.Generation;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Nodes;

/// <inheritdoc cref="INodeGrain"/>
internal sealed class NodeGrain(
    ILocalSiloDetails silo, IGrainFactory grains, ComputePool pool, MakeShard make, IOptions<GenerationOptions> generation, TimeProvider time, ILogger<ShardWorker> logger)
    : Grain, INodeGrain
{
    private readonly ShardWorker _shards = new(silo.SiloAddress.ToParsableString(), grains, make, generation.Value, time, logger);

    public Task<IReadOnlyList<ShardLease>> PullShards(ArtifactKey generation, CancellationToken cancellationToken) => Task.FromResult(_shards.Pull(generation));

    public Task<NodeCapacity> GetCapacity(CancellationToken cancellationToken) =>
        Task.FromResult(new NodeCapacity(silo.SiloAddress.ToParsableString(), pool.Slots));

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => await _shards.DisposeAsync();
}
