using System.Globalization;
using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Shards;
using GmailCluster.Errors;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Generation;
using GmailCluster.Shards;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;

namespace GmailCluster.Cluster.Generation;

/// <inheritdoc cref="IGenerationGrain"/>
/// <remarks>
/// Keeps nothing of its own: which shards are committed stands in the manifest, which are leased in the shards' grains. It may
/// die at any moment; whoever starts the stage again goes on from there.
/// </remarks>
internal sealed partial class GenerationGrain(
    IObjectStore store, IGrainFactory grains, ISiloStatusOracle silos, TimeProvider time, ILogger<GenerationGrain> logger)
    : Grain, IGenerationGrain
{
    private static readonly TimeSpan NudgePeriod = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, ShardLease> _leases = [];
    private readonly Dictionary<int, string> _holders = [];
    private readonly Dictionary<int, int> _imagesInFlight = [];
    private readonly Dictionary<int, ShardEntry> _committed = [];
    private readonly Queue<int> _free = new();
    private Stage? _stage;
    private ShardPlan? _plan;
    private IGrainTimer? _nudge;
    private StagePhase _phase = StagePhase.Pending;
    private StageFailure? _failure;
    private long _startedAt;
    private int _imagesBefore;

    private ArtifactKey Key => new(this.GetPrimaryKeyString());

    public async Task Start(Stage stage, CancellationToken cancellationToken)
    {
        if (_phase is StagePhase.Running or StagePhase.Done)
        {
            return;
        }

        (_stage, _phase, _failure) = (stage, StagePhase.Running, null);
        try
        {
            _plan = await ShardPlan.Load(store, stage.SettingsAs<GenerateSettings>(), cancellationToken);
            await FindCommitted(cancellationToken);
        }
        catch
        {
            DeactivateOnIdle(); // half a plan must not be worked on
            throw;
        }

        _startedAt = time.GetTimestamp();
        _imagesBefore = _committed.Values.Sum(entry => entry.SampleCount);
        LogStarted(stage.Title, _plan.ShardCount, _committed.Count);
        await FinishIfComplete(cancellationToken);
        if (_phase is StagePhase.Running)
        {
            _nudge = this.RegisterGrainTimer(Nudge, TimeSpan.Zero, NudgePeriod);
        }
    }

    public async Task<ShardOrder?> Lease(string holder, CancellationToken cancellationToken)
    {
        while (_phase is StagePhase.Running && _free.TryDequeue(out var shard))
        {
            if (_committed.ContainsKey(shard) || _leases.ContainsKey(shard))
            {
                continue;
            }

            try
            {
                if (await TryLease(shard, holder, cancellationToken) is { } order)
                {
                    return order;
                }
            }
            catch (GmailClusterException e)
            {
                FailStage(shard, StageFailure.From(e)); // the store refuses: asking again would be refused again
            }
        }

        return null;
    }

    public async Task<CommitResult> Commit(ShardLease lease, ShardEntry entry, CancellationToken cancellationToken)
    {
        var result = await Shard(lease.Shard).Commit(lease, entry, cancellationToken);
        if (result is CommitResult.Committed or CommitResult.AlreadyCommitted)
        {
            await Record(entry, cancellationToken);
        }
        else if (result is CommitResult.DifferentContent)
        {
            await Fail(
                lease,
                new StageFailure(
                    $"images/{Key}: shard {lease.Shard} was made twice with different bytes ({_committed.GetValueOrDefault(lease.Shard)?.Sha256} and {entry.Sha256}). "
                    + "The machines compute differently: compare their processors with 'gmailcluster doctor'.", 1),
                cancellationToken);
        }

        return result;
    }

    public Task Fail(ShardLease lease, StageFailure failure, CancellationToken cancellationToken)
    {
        FailStage(lease.Shard, failure);
        return Task.CompletedTask;
    }

    public Task ReportImages(int shard, int images, CancellationToken cancellationToken)
    {
        if (_leases.ContainsKey(shard))
        {
            _imagesInFlight[shard] = images;
        }

        return Task.CompletedTask;
    }

    public Task<StageProgress> GetProgress(CancellationToken cancellationToken)
    {
        var images = _committed.Values.Sum(entry => entry.SampleCount) + _imagesInFlight.Values.Sum();
        var detail = _plan is null ? null : $"{_committed.Count} of {_plan.ShardCount} shards";
        return Task.FromResult(new StageProgress(_phase, images, _plan?.ImageCount ?? 0, detail, _failure, _imagesBefore));
    }

    public Task Cancel(CancellationToken cancellationToken)
    {
        if (_phase is StagePhase.Running)
        {
            _phase = StagePhase.Cancelled;
            End();
        }

        return Task.CompletedTask;
    }

    private async Task<ShardOrder?> TryLease(int shard, string holder, CancellationToken cancellationToken)
    {
        if (await Shard(shard).Lease(holder, cancellationToken) is { } lease)
        {
            (_leases[shard], _holders[shard]) = (lease, holder);
            return new ShardOrder(_stage!, lease);
        }

        // Committed in the shard's own state, but the manifest was not reached: mend it. Else somebody alive holds it.
        if (await Shard(shard).GetEntry(cancellationToken) is { } entry)
        {
            await Record(entry, cancellationToken);
        }

        return null;
    }

    private void FailStage(int shard, StageFailure failure)
    {
        if (_phase is StagePhase.Running)
        {
            (_phase, _failure) = (StagePhase.Failed, failure);
            LogFailed(shard, failure.Message);
            End();
        }
    }

    private IGenerationShardGrain Shard(int number) =>
        grains.GetGrain<IGenerationShardGrain>(string.Create(CultureInfo.InvariantCulture, $"{Key}/{number}"));

    private IManifestGrain Leaf(int number) =>
        grains.GetGrain<IManifestGrain>(string.Create(CultureInfo.InvariantCulture, $"{Key}/{number}"));

    private async Task FindCommitted(CancellationToken cancellationToken)
    {
        _committed.Clear();
        _free.Clear();
        _leases.Clear();
        _holders.Clear();
        _imagesInFlight.Clear();
        for (var leaf = 0; leaf * ShardLeaf.Capacity < _plan!.ShardCount; leaf++)
        {
            foreach (var entry in await Leaf(leaf).GetEntries(cancellationToken))
            {
                _committed[entry.Number] = entry;
            }
        }

        foreach (var shard in Enumerable.Range(0, _plan.ShardCount).Where(shard => !_committed.ContainsKey(shard)))
        {
            _free.Enqueue(shard);
        }
    }

    private async Task Record(ShardEntry entry, CancellationToken cancellationToken)
    {
        await Leaf(ShardLeaf.Of(entry.Number)).Append(entry, cancellationToken);
        _committed[entry.Number] = entry;
        Release(entry.Number);
        await FinishIfComplete(cancellationToken);
    }

    private async Task FinishIfComplete(CancellationToken cancellationToken)
    {
        if (_phase is not StagePhase.Running || _committed.Count < _plan!.ShardCount)
        {
            return;
        }

        var images = _committed.Values.Sum(entry => entry.SampleCount);
        await new ShardStore(store).Seal(Key, _plan.ShardCount, cancellationToken: cancellationToken);
        await StageRecords.Write(
            store,
            new StageRecord
            {
                Key = Key,
                Kind = StageKind.Generate,
                Title = _stage!.Title,
                Seconds = time.GetElapsedTime(_startedAt).TotalSeconds,
                Items = images - _imagesBefore,
                Unit = "images",
                Files = [.. _committed.OrderBy(p => p.Key).Select(p => new StageFile(ShardPaths.Shard(Key, p.Value.Sha256), p.Value.LengthBytes, p.Value.Sha256))],
            },
            cancellationToken);
        _phase = StagePhase.Done;
        End();
    }

    // Every node is asked again and again: one that joined, or came back, takes part without anybody noticing it first.
    private async Task Nudge(CancellationToken cancellationToken)
    {
        var alive = silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(silo => silo.ToParsableString()).ToHashSet(StringComparer.Ordinal);
        var lost = _leases.Where(p => !alive.Contains(_holders[p.Key]) || time.GetUtcNow() >= p.Value.ExpiresAt).Select(p => p.Key).ToArray();
        foreach (var shard in lost)
        {
            LogLost(shard, _holders[shard]);
            Release(shard);
            _free.Enqueue(shard);
        }

        if (_free.Count > 0)
        {
            foreach (var silo in alive.Order(StringComparer.Ordinal))
            {
                RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(silo));
                await grains.GetGrain<INodeGrain>(silo).PullShards(Key, cancellationToken);
            }
        }
    }

    private void Release(int shard)
    {
        _leases.Remove(shard);
        _holders.Remove(shard);
        _imagesInFlight.Remove(shard);
    }

    private void End()
    {
        _nudge?.Dispose();
        _nudge = null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Title}: {Shards} shards, {Committed} of them committed before")]
    private partial void LogStarted(string title, int shards, int committed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard}: the lease of {Holder} is over; the shard is free again")]
    private partial void LogLost(int shard, string holder);

    [LoggerMessage(Level = LogLevel.Error, Message = "Shard {Shard} failed: {Reason} The stage ends; run the spec again to resume")]
    private partial void LogFailed(int shard, string reason);
}
