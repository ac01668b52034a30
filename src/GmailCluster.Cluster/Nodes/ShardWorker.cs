using System.Diagnostics;
using GmailCluster.Cluster.Generation;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Stages;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Nodes;

/// <summary>A node's work on shards: leases them, makes them, brings them to their owner. Used by its node's grain alone, on its turns.</summary>
internal sealed partial class ShardWorker(
    string silo, IGrainFactory grains, MakeShard make, GenerationOptions options, TimeProvider time, ILogger<ShardWorker> logger) : IAsyncDisposable
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<ArtifactKey, Task[]> _pulling = [];
    private readonly HashSet<ShardLease> _held = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Leases shards of a generation until none is left, as many at once as the options say.</summary>
    /// <returns>The leases of that generation in hand.</returns>
    public IReadOnlyList<ShardLease> Pull(ArtifactKey generation)
    {
        if (!_stopping.IsCancellationRequested)
        {
            // Each by itself: one that came to an owner that was not ready must not wait for the other's shard, which may take minutes.
            var pulling = _pulling.GetValueOrDefault(generation) ?? new Task[options.ShardsInFlight];
            for (var i = 0; i < pulling.Length; i++)
            {
                pulling[i] = pulling[i] is { IsCompleted: false } running ? running : PullOneByOne(generation);
            }

            _pulling[generation] = pulling;
        }

        return [.. _held.Where(lease => lease.Generation == generation).OrderBy(lease => lease.Shard)];
    }

    /// <summary>Gives up what is in hand: the leases end with this silo.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_pulling.Values.SelectMany(pulling => pulling));
        _stopping.Dispose();
    }

    private async Task PullOneByOne(ArtifactKey generation)
    {
        Activity.Current = null; // the call that started the loop ends before it
        var owner = grains.GetGrain<IGenerationGrain>(generation.Value);
        try
        {
            while (await owner.Lease(silo, _stopping.Token) is { } order)
            {
                _held.Add(order.Lease);
                try
                {
                    await Make(owner, order);
                }
                finally
                {
                    _held.Remove(order.Lease);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Going down: the leases end with this silo.
        }
#pragma warning disable CA1031 // The owner could not be reached: it asks again when it is back.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogPullEnded(generation, Reason.Of(e));
        }
    }

    private async Task Make(IGenerationGrain owner, ShardOrder order)
    {
        var (stage, lease, traceParent) = order;
        using var span = Spans.Shard.StartUnder(traceParent)?.With(Attributes.StageKey, lease.Generation.Value).With(Attributes.Shard, lease.Shard).With(Attributes.Fence, lease.Fence);
        var start = time.GetTimestamp();
        try
        {
            var entry = await make(stage, lease.Shard, images => _ = owner.ReportImages(lease.Shard, images, CancellationToken.None), _stopping.Token);
            var result = await Bring(owner, lease, entry);
            span?.With(Attributes.Images, entry.SampleCount).With(Attributes.LengthBytes, entry.LengthBytes).With(Attributes.CommitResult, Words.Of(result));
            Metrics.ShardDuration.Record(time.GetElapsedTime(start).TotalSeconds, new KeyValuePair<string, object?>(Attributes.CommitResult, Words.Of(result)));
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            span.Fail(e);
            Metrics.ShardDuration.Record(time.GetElapsedTime(start).TotalSeconds, new KeyValuePair<string, object?>(Attributes.ErrorType, e.GetType().FullName));
            if (Unreachable.Is(e))
            {
                throw;
            }

            LogShardFailed(lease.Shard, lease.Generation, e);
            await owner.Fail(lease, StageFailure.From(e), _stopping.Token);
        }
    }

    // An owner that died is back within seconds, on another silo: a shard that took minutes to make is worth asking again.
    private async Task<CommitResult> Bring(IGenerationGrain owner, ShardLease lease, ShardEntry entry)
    {
        var since = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await owner.Commit(lease, entry, _stopping.Token);
            }
            catch (Exception e) when (Unreachable.Is(e) && time.GetElapsedTime(since) < options.LeaseDuration)
            {
                var reason = Reason.Of(e);
                LogNotBrought(lease.Shard, reason);
                await Task.Delay(RetryPeriod, time, _stopping.Token);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pulling shards of {Generation} ended: {Reason} The owner asks again")]
    private partial void LogPullEnded(ArtifactKey generation, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Shard {Shard} waits for its owner, who does not answer: {Reason}")]
    private partial void LogNotBrought(int shard, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Shard {Shard} of {Generation} could not be made; its stage is told")]
    private partial void LogShardFailed(int shard, ArtifactKey generation, Exception exception);
}
