using GmailCluster.Cluster.Generation;
using GmailCluster.Cluster.Training;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.GrainDirectory;

namespace GmailCluster.Cluster.Nodes;

/// <inheritdoc cref="INodeGrain"/>
[NodePlacement, GrainDirectory(NodeDirectory.Name)]
internal sealed class NodeGrain(
    ILocalSiloDetails silo, IGrainFactory grains, ComputePool pool, MakeShard make, IOptions<GenerationOptions> generation, ReplicaHost replicas, TimeProvider time,
    ILogger<ShardWorker> logger)
    : Grain, INodeGrain
{
    private readonly ShardWorker _shards = new(silo.SiloAddress.ToParsableString(), grains, make, generation.Value, time, logger);

    public Task<IReadOnlyList<ShardLease>> PullShards(ArtifactKey generation, CancellationToken cancellationToken) => Task.FromResult(_shards.Pull(generation));

    public Task<NodeCapacity> GetCapacity(CancellationToken cancellationToken) =>
        Task.FromResult(new NodeCapacity(silo.SiloAddress.ToParsableString(), pool.Slots, replicas.IsDraining));

    public Task<RunReport> PrepareRun(ArtifactKey run, long generationNumber, CancellationToken cancellationToken) =>
        replicas.Run(run).Prepare(generationNumber, cancellationToken);

    public Task<LoadAnswer> LoadRun(LoadOrder order, CancellationToken cancellationToken) => replicas.Run(order.Run.Key).Load(order, cancellationToken);

    public Task HoldRun(ArtifactKey run, long generationNumber, CancellationToken cancellationToken)
    {
        replicas.Run(run).Hold(generationNumber);
        return Task.CompletedTask;
    }

    public Task<FinishAnswer> FinishRun(FinishOrder order, CancellationToken cancellationToken) => replicas.Run(order.Run.Key).Finish(order, cancellationToken);

    public Task CloseRun(ArtifactKey run, long generationNumber, bool saveState, CancellationToken cancellationToken) =>
        replicas.Run(run).Close(generationNumber, saveState);

    public Task<RunProgress?> GetRunProgress(ArtifactKey run, CancellationToken cancellationToken) => Task.FromResult(replicas.Run(run).GetProgress());

    public Task Drain(CancellationToken cancellationToken) => replicas.Drain(cancellationToken);

    public Task<NodeLoad> GetLoad(CancellationToken cancellationToken) => Task.FromResult(new NodeLoad(
        pool.Slots, pool.BusySlots, pool.WaitingWork, Environment.WorkingSet, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, Environment.ProcessorCount, replicas.IsDraining));

    public Task<RunTimeline?> GetTimeline(ArtifactKey run, int points, CancellationToken cancellationToken) =>
        Task.FromResult(RunMeter.Find(run) is { } meter ? new RunTimeline(meter.Timeline.Points(points)) : null);

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => await _shards.DisposeAsync();
}
