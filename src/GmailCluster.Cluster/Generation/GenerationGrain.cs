using System.Diagnostics;
using System.Globalization;
using GmailCluster.Cluster.Stages;
using GmailCluster.Cluster.Storage;
using GmailCluster.Data.Shards;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Generation;
using GmailCluster.Shards;
using GmailCluster.Stages;
using GmailCluster.Storage;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Runtime.Placement;

namespace GmailCluster.Cluster.Generation;

/// <inheritdoc cref="IGenerationGrain"/>
/// <remarks>
/// Keeps nothing of its own but its term: which shards are committed stands in the manifest, which are held their holders know.
/// It may die at any moment; whoever starts the stage again goes on from there.
/// </remarks>
[Reentrant]
internal sealed partial class GenerationGrain(
    [PersistentState("generation", ObjectStoreGrainStorage.Name)] IPersistentState<GenerationState> generation,
    IObjectStore store, IGrainFactory grains, ISiloStatusOracle silos, TimeProvider time, IOptions<GenerationOptions> options, ILogger<GenerationGrain> logger)
    : Grain, IGenerationGrain
{
    private readonly Dictionary<string, Task> _asking = new(StringComparer.Ordinal);
    private readonly ShardStore _shards = new(store);
    private Stage? _stage;
    private ShardLedger? _ledger;
    private bool _isReady;
    private Task? _finishing;
    private IGrainTimer? _timer;
    private StagePhase _phase = StagePhase.Pending;
    private StageFailure? _failure;
    private string? _traceParent;
    private long _imageCount;
    private long _imagesBefore;
    private long _startedAt;

    private ArtifactKey Key => new(this.GetPrimaryKeyString());

    public async Task Start(Stage stage, CancellationToken cancellationToken)
    {
        if (_phase is StagePhase.Running or StagePhase.Done)
        {
            return;
        }

        (_stage, _phase, _failure, _ledger, _isReady, _finishing) = (stage, StagePhase.Running, null, null, false, null);
        _traceParent = TraceParent.Current;
        _startedAt = time.GetTimestamp();
        try
        {
            // In the store before anything is leased: leases of an owner that was given up, but lives on, are then the older ones.
            await generation.Save(new GenerationState { Term = generation.State.Term + 1 }, DeactivateOnIdle, cancellationToken);
            var plan = await ShardPlan.Load(store, stage.SettingsAs<GenerateSettings>(), cancellationToken);
            var ledger = _ledger = new ShardLedger(Key, plan.ShardCount, generation.State.Term); // what is brought meanwhile counts
            await foreach (var leaf in _shards.Leaves(Key, plan.ShardCount, cancellationToken))
            {
                foreach (var entry in leaf.Shards)
                {
                    ledger.Commit(entry);
                }
            }

            (_imageCount, _imagesBefore) = (plan.ImageCount, ledger.CommittedImages);
            LogStarted(stage.Title, ledger.ShardCount, ledger.CommittedCount, generation.State.Term);
            await AskAll(ledger); // before the first lease, or what is in hand under the owner before would be made twice
            _isReady = true;
        }
        catch
        {
            End(StagePhase.Pending);
            DeactivateOnIdle(); // half a plan must not be worked on
            throw;
        }

        await FinishIfComplete();
        if (_phase is StagePhase.Running)
        {
            _timer = this.RegisterGrainTimer(Look, TimeSpan.Zero, options.Value.AskPeriod);
        }
    }

    public Task<ShardOrder?> Lease(string holder, CancellationToken cancellationToken)
    {
        var lease = _phase is StagePhase.Running && _isReady ? _ledger!.Lease(holder, LeaseEnd()) : null;
        return Task.FromResult(lease is null ? null : new ShardOrder(_stage!, lease, _traceParent));
    }

    public async Task<CommitResult> Commit(ShardLease lease, ShardEntry entry, CancellationToken cancellationToken)
    {
        var result = await CommitToManifest(lease, entry, cancellationToken);
        Metrics.Shards.Add(1, new KeyValuePair<string, object?>(Attributes.CommitResult, Words.Of(result)));
        LogCommit(lease.Shard, result, lease.Fence);
        if (result is CommitResult.Committed)
        {
            Metrics.Images.Add(entry.SampleCount);
        }

        return result;
    }

    public Task Fail(ShardLease lease, StageFailure failure, CancellationToken cancellationToken)
    {
        if (_ledger?.IsStale(lease) is not true)
        {
            FailStage(lease.Shard, failure);
        }

        return Task.CompletedTask;
    }

    public Task ReportImages(int shard, int images, CancellationToken cancellationToken)
    {
        _ledger?.Report(shard, images);
        return Task.CompletedTask;
    }

    public Task<ShardMap?> GetShardMap(int cells, CancellationToken cancellationToken) => Task.FromResult(_ledger is { } ledger && _isReady
        ? ShardMap.Of(ledger.ShardCount, cells, ledger.IsCommitted, ledger.Held.Values.Select(held => new ShardInHand(held.Lease.Shard, held.Holder, held.Images)))
        : null);

    public Task<StageProgress> GetProgress(CancellationToken cancellationToken)
    {
        var detail = _ledger is null ? null : string.Create(CultureInfo.InvariantCulture, $"{_ledger.CommittedCount} of {_ledger.ShardCount} shards");
        return Task.FromResult(new StageProgress(_phase, (_ledger?.CommittedImages + _ledger?.ImagesInFlight) ?? 0, _imageCount, detail, _failure, _imagesBefore));
    }

    public Task Cancel(CancellationToken cancellationToken)
    {
        if (_phase is StagePhase.Running)
        {
            End(StagePhase.Cancelled);
        }

        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_phase is StagePhase.Running)
        {
            End(StagePhase.Cancelled);
        }

        await Task.WhenAll(_asking.Values);
    }

    // What an owner that has not been started, or has ended, is brought was made under a lease all the same: it is not lost.
    private async Task<CommitResult> CommitToManifest(ShardLease lease, ShardEntry entry, CancellationToken cancellationToken)
    {
        if (_ledger?.IsStale(lease) is true)
        {
            return CommitResult.StaleFence;
        }

        var leaf = ShardLeaf.Of(entry.Number);
        var result = await grains.GetGrain<IManifestGrain>(string.Create(CultureInfo.InvariantCulture, $"{Key}/{leaf}")).Append(entry, cancellationToken);
        if (result is AppendResult.DifferentContent)
        {
            var first = (await _shards.Leaf(Key, leaf, cancellationToken)).Shards.First(shard => shard.Number == entry.Number);
            FailStage(entry.Number, new StageFailure(
                $"images/{Key}: shard {entry.Number} was made twice with different bytes ({first.Sha256} and {entry.Sha256}). "
                + "The machines compute differently: compare their processors with 'gmailcluster doctor'.", 1));
            return CommitResult.DifferentContent;
        }

        _ledger?.Commit(entry);
        await FinishIfComplete();
        return result is AppendResult.Appended ? CommitResult.Committed : CommitResult.AlreadyCommitted;
    }

    private async Task FinishIfComplete()
    {
        if (_phase is not StagePhase.Running || !_isReady || _ledger is not { } ledger || ledger.CommittedCount < ledger.ShardCount)
        {
            return;
        }

        try
        {
            await (_finishing ??= Finish(ledger));
        }
        catch
        {
            _finishing = null; // whoever brings the last shard again tries again
            throw;
        }
    }

    private async Task Finish(ShardLedger ledger)
    {
        await _shards.Seal(Key, ledger.ShardCount);
        await StageRecords.Write(
            store,
            new StageRecord
            {
                Key = Key,
                Kind = StageKind.Generate,
                Title = _stage!.Title,
                Seconds = time.GetElapsedTime(_startedAt).TotalSeconds,
                Items = ledger.CommittedImages - _imagesBefore,
                Unit = "images",
                Files = await GenerationFiles.List(store, Key, ledger.ShardCount),
            },
            CancellationToken.None);
        End(StagePhase.Done);
    }

    // Every node is asked again and again: one that joined, or came back, takes part without anybody noticing it first.
    private async Task Look(CancellationToken cancellationToken)
    {
        var ledger = _ledger!;
        var alive = Alive();
        foreach (var held in ledger.Free(alive.Contains, time.GetUtcNow()))
        {
            var isLost = !alive.Contains(held.Holder);
            Metrics.LeasesLost.Add(1, new KeyValuePair<string, object?>(Attributes.LeaseEnd, isLost ? "silo_lost" : "expired"));
            LogLost(held.Lease.Shard, held.Holder, isLost ? "the silo is lost" : "the silo keeps silent");
        }

        _ = AskAll(ledger); // a silo that hangs must not keep the others from being asked
        await FinishIfComplete();
    }

    private Task AskAll(ShardLedger ledger)
    {
        foreach (var silo in Alive())
        {
            if (!_asking.TryGetValue(silo, out var asking) || asking.IsCompleted)
            {
                _asking[silo] = Ask(silo, ledger);
            }
        }

        return Task.WhenAll(_asking.Values);
    }

    private async Task Ask(string silo, ShardLedger ledger)
    {
        Activity.Current = null; // a question each second is no part of the stage's trace
        try
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(silo));
            var held = await grains.GetGrain<INodeGrain>(silo).PullShards(Key, CancellationToken.None).WaitAsync(options.Value.AnswerLimit, time);
            foreach (var lease in held)
            {
                ledger.Renew(lease, silo, LeaseEnd());
            }
        }
#pragma warning disable CA1031 // A silo that does not answer keeps its shards until its silence has lasted too long, or the cluster gives it up.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogNoAnswer(silo, e.Message);
        }
    }

    private SortedSet<string> Alive() =>
        new(silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(silo => silo.ToParsableString()), StringComparer.Ordinal);

    private DateTimeOffset LeaseEnd() => time.GetUtcNow() + options.Value.LeaseDuration;

    private void FailStage(int shard, StageFailure failure)
    {
        if (_phase is StagePhase.Running)
        {
            _failure = failure;
            LogFailed(shard, failure.Message);
            End(StagePhase.Failed);
        }
    }

    private void End(StagePhase phase)
    {
        _phase = phase;
        _timer?.Dispose();
        _timer = null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Title}: {Shards} shards, {Committed} of them committed before; term {Term}")]
    private partial void LogStarted(string title, int shards, int committed, long term);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Shard {Shard}: {Result} under fence {Fence}")]
    private partial void LogCommit(int shard, CommitResult result, long fence);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard}: the lease of {Holder} is over, because {Reason}; the shard is free again")]
    private partial void LogLost(int shard, string holder, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Silo} does not say which shards it works on: {Reason}")]
    private partial void LogNoAnswer(string silo, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Shard {Shard} failed: {Reason} The stage ends; run the spec again to resume")]
    private partial void LogFailed(int shard, string reason);
}
