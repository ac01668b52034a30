using System.Diagnostics;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Storage;
using GmailCluster.Shards;

namespace GmailCluster.Manifest;

/// <summary>Claim: the manifest of a million shards opens in under a second, in a process that has read nothing yet.</summary>
internal static class ManifestOpening
{
    public static async Task Measure(string folder)
    {
        var shards = new ShardStore(new FolderObjectStore(folder));
        var start = Stopwatch.GetTimestamp();
        var manifest = await shards.Manifest(SimulatedGeneration.Key) ?? throw new InvalidOperationException($"{folder} has no manifest.");
        var opened = Stopwatch.GetElapsedTime(start);
        var last = (await shards.Leaf(SimulatedGeneration.Key, ShardLeaf.Of(manifest.ShardCount - 1))).Shards[^1];
        var found = Stopwatch.GetElapsedTime(start);
        var counted = await shards.Entries(SimulatedGeneration.Key).CountAsync();
        var walked = Stopwatch.GetElapsedTime(start);
        Console.WriteLine(FormattableString.Invariant(
            $"{manifest.ShardCount} shards, {manifest.SampleCount} images: root opened after {opened.TotalMilliseconds:0} ms, shard {last.Number} found after {found.TotalMilliseconds:0} ms, all {counted} entries read after {walked.TotalSeconds:0.0} s"));
    }
}
