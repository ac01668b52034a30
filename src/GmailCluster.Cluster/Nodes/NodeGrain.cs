using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Generation;
using GmailCluster.Stages;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Nodes;

/// <inheritdoc cref="INodeGrain"/>
internal sealed partial class NodeGrain(
    ILocalSiloDetails silo, IGrainFactory grains, ComputePool pool, ShardGenerator generator, ILogger<NodeGrain> logger) : Grain, INodeGrain
{
    // One shard computes while the next is leased and the last one is written: the slots do not run dry between shards.
    private const int ShardsInFlight = 2;

    private readonly Dictionary<ArtifactKey, Task> _pulling = [];
    private readonly CancellationTokenSource _stopping = new();

    public Task PullShards(ArtifactKey generation, CancellationToken cancellationToken)
    {
        if (!_pulling.TryGetValue(generation, out var running) || running.IsCompleted)
        {
            _pulling[generation] = Task.WhenAll(Enumerable.Range(0, ShardsInFlight).Select(_ => Pull(generation)));
        }

        return Task.CompletedTask;
    }

    public Task<NodeCapacity> GetCapacity(CancellationToken cancellationToken) =>
        Task.FromResult(new NodeCapacity(silo.SiloAddress.ToParsableString(), pool.Slots));

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_pulling.Values);
        _stopping.Dispose();
    }

    private async Task Pull(ArtifactKey generation)
    {
        var owner = grains.GetGrain<IGenerationGrain>(generation.Value);
        var holder = silo.SiloAddress.ToParsableString();
        try
        {
            while (await owner.Lease(holder, _stopping.Token) is { } order)
            {
                await Make(owner, order.Stage, order.Lease);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Going down: the lease ends with this silo.
        }
#pragma warning disable CA1031 // The owner could not be reached: it asks again when it is back, and the lease ends by itself.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogPullEnded(generation, e.Message);
        }
    }

    private async Task Make(IGenerationGrain owner, Stage stage, ShardLease lease)
    {
        try
        {
            var entry = await generator.Make(
                stage, lease.Shard, images => _ = owner.ReportImages(lease.Shard, images, CancellationToken.None), _stopping.Token);
            await owner.Commit(lease, entry, _stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever went wrong is the stage's failure, told in its words; only a call that found nobody is tried again.
        catch (Exception e) when (e is not (OrleansException or TimeoutException))
#pragma warning restore CA1031
        {
            LogShardFailed(lease.Shard, lease.Generation, e);
            await owner.Fail(lease, StageFailure.From(e), _stopping.Token);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pulling shards of {Generation} ended: {Reason} The owner asks again")]
    private partial void LogPullEnded(ArtifactKey generation, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Shard {Shard} of {Generation} could not be made; its stage is told")]
    private partial void LogShardFailed(int shard, ArtifactKey generation, Exception exception);
}
