using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using GmailCluster.Cluster;
using GmailCluster.Cluster.Generation;
using GmailCluster.Data.Captions;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Specs;
using GmailCluster.Stages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Manifest;

/// <summary>
/// Claim: a generation of a million shards commits more than 10,000 images a second. The real owner, node and manifest grains on
/// a real folder; only the images are not made: a shard's entry has the hash of its number.
/// </summary>
internal static class SimulatedGeneration
{
    public static readonly ArtifactKey Key = new("0123456789abcdef0123456789abcdef");
    private static readonly ArtifactKey Prompts = new("fedcba9876543210fedcba9876543210");
    private const int Captions = 1_000;

    public static async Task Commit(string folder, int shards, int imagesPerShard)
    {
        var store = new FolderObjectStore(folder);
        await CaptionStore.Write(store, Prompts, [.. Enumerable.Range(0, Captions).Select(i => new Prompt($"p{i}", $"caption {i}"))]);
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Services.AddSingleton<MakeShard>((_, shard, _, _) => Task.FromResult(
            new ShardEntry(shard, Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(shard))), imagesPerShard * 50_000L, imagesPerShard)));
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering()
            .UseGmailCluster(store, slots: 1, folder)
            .Configure<GenerationOptions>(options => options.ShardsInFlight = 64));
        using var host = builder.Build();
        await host.StartAsync();

        var owner = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IGenerationGrain>(Key.Value);
        var start = Stopwatch.GetTimestamp();
        await owner.Start(Stage(shards, imagesPerShard), CancellationToken.None);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var (progress, looks) = (await owner.GetProgress(CancellationToken.None), 0);
        while (progress.Phase is StagePhase.Running)
        {
            await timer.WaitForNextTickAsync();
            progress = await owner.GetProgress(CancellationToken.None);
            if (++looks % 200 == 0)
            {
                Console.Error.WriteLine(FormattableString.Invariant($"{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s: {progress.Detail}"));
            }
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(FormattableString.Invariant(
            $"{progress.Phase}: {shards} shards of {imagesPerShard} images in {seconds:0.0} s: {shards / seconds:0} shards/s, {shards * (double)imagesPerShard / seconds:0} images/s, {Environment.WorkingSet >> 20} MiB resident"));
        await host.StopAsync();
    }

    private static Stage Stage(int shards, int imagesPerShard) => new()
    {
        Key = Key,
        Kind = StageKind.Generate,
        Title = "generate",
        Needs = [],
        Size = shards * (long)imagesPerShard,
        Unit = "images",
        Settings = JsonSerializer.Serialize(
            new GenerateSettings(Prompts, new GenerateSpec { ImagesPerCaption = checked(shards * imagesPerShard) / Captions, ShardSize = imagesPerShard }, "none", "none"), StageJson.Options),
    };
}
