using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using GmailCluster.Cluster.Generation;
using GmailCluster.Data.Captions;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Specs;
using GmailCluster.Stages;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.TestingHost;

namespace GmailCluster.Cluster.Tests.Generation;

/// <summary>Real silos in this process over one folder, generating shards of a few bytes instead of images.</summary>
internal sealed class GenerationCluster : IAsyncDisposable
{
    public const int ShardCount = 30;
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly ArtifactKey Key = new("0123456789abcdef0123456789abcdef");
    private static readonly ArtifactKey Prompts = new("fedcba9876543210fedcba9876543210");

    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;
    private readonly InProcessTestCluster _cluster;
    private readonly FolderObjectStore _store;

    private GenerationCluster(short silos, Func<string, int, CancellationToken, Task> making)
    {
        _store = new FolderObjectStore(_folder);
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((options, silo) =>
        {
            silo.Services.AddSingleton<MakeShard>((stage, shard, _, cancellationToken) => Make(options.SiloName, stage, shard, making, cancellationToken));
            silo.UseGmailCluster(_store, slots: 1, _folder)
                .Configure<GenerationOptions>(generation => generation.AskPeriod = TimeSpan.FromMilliseconds(50))
                .Configure<ClusterMembershipOptions>(membership =>
                {
                    (membership.ProbeTimeout, membership.NumMissedProbesLimit, membership.NumVotesForDeathDeclaration) = (TimeSpan.FromSeconds(1), 2, 2);
                    membership.TableRefreshTimeout = TimeSpan.FromSeconds(1);
                });
        });
        builder.ConfigureClient(client => client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(2))); // its gateway may be the one that is killed
        _cluster = builder.Build();
    }

    /// <summary>Which silo has made which shard, in order, uploads included.</summary>
    public ConcurrentQueue<(string Silo, int Shard)> Made { get; } = new();

    public IGenerationGrain Owner => _cluster.Client.GetGrain<IGenerationGrain>(Key.Value);

    public IReadOnlyList<InProcessSiloHandle> Silos => [.. _cluster.Silos];

    /// <param name="silos">How many.</param>
    /// <param name="making">Called with the silo and the shard before it is made.</param>
    public static async Task<GenerationCluster> Start(short silos, Func<string, int, CancellationToken, Task> making)
    {
        var cluster = new GenerationCluster(silos, making);
        await CaptionStore.Write(cluster._store, Prompts, [.. Enumerable.Range(0, ShardCount).Select(i => new Prompt($"p{i}", $"caption {i}"))]);
        await cluster._cluster.DeployAsync();
        return cluster;
    }

    /// <summary>The silo that has the owner now; null while none has.</summary>
    public InProcessSiloHandle? FindSiloOfOwner() =>
        _cluster.TryGetGrainContext(Owner.GetGrainId(), out var context) ? Silos.FirstOrDefault(silo => silo.SiloAddress.Equals(context!.Address.SiloAddress)) : null;

    public InProcessSiloHandle SiloOfOwner() => FindSiloOfOwner() ?? throw new InvalidOperationException("The owner is on no silo.");

    public Task Add() => _cluster.StartAdditionalSiloAsync();

    public Task Kill(InProcessSiloHandle silo) => _cluster.KillSiloAsync(silo);

    /// <summary>Does what the experiment's grain does: starts the stage, and again when its owner was lost, until it is done.</summary>
    public async Task RunToTheEnd(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        StageProgress? progress = null;
        while (progress?.Phase is not StagePhase.Done)
        {
            Assert.Null(progress?.Failure);
            await timer.WaitForNextTickAsync(limit.Token);
            try
            {
                if (progress is null || progress.Phase is StagePhase.Pending)
                {
                    await Owner.Start(Stage, limit.Token);
                }

                progress = await Owner.GetProgress(limit.Token);
            }
            catch (Exception e) when (Nodes.Unreachable.Is(e))
            {
                progress = null; // the silo is lost, which the cluster is about to notice
            }
        }
    }

    public async Task<IReadOnlyList<ShardEntry>> Manifest() => await new ShardStore(_store).Entries(Key).ToListAsync();

    /// <summary>What each shard is, computed apart from any silo.</summary>
    public static async Task<IReadOnlyList<ShardEntry>> Expected()
    {
        var folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;
        try
        {
            var store = new ShardStore(new FolderObjectStore(folder));
            var entries = new List<ShardEntry>();
            for (var shard = 0; shard < ShardCount; shard++)
            {
                entries.Add(await store.Upload(Key, shard, [Sample(shard)]));
            }

            return entries;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static Stage Stage { get; } = new()
    {
        Key = Key,
        Kind = StageKind.Generate,
        Title = "generate",
        Needs = [],
        Size = ShardCount,
        Unit = "images",
        Settings = JsonSerializer.Serialize(new GenerateSettings(Prompts, new GenerateSpec { ShardSize = 1 }, "none", "none"), StageJson.Options),
    };

    private static ShardSample Sample(int shard) => new($"p{shard}-000", new Dictionary<string, byte[]> { ["txt"] = Encoding.UTF8.GetBytes($"caption {shard}") });

    private async Task<ShardEntry> Make(string silo, Stage stage, int shard, Func<string, int, CancellationToken, Task> making, CancellationToken cancellationToken)
    {
        await making(silo, shard, cancellationToken);
        var entry = await new ShardStore(_store).Upload(stage.Key, shard, [Sample(shard)], cancellationToken);
        Made.Enqueue((silo, shard));
        return entry;
    }
}
