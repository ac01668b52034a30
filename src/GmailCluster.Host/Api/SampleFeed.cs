using System.Text.Json;
using GmailCluster.Data.Shards;
using GmailCluster.Keys;
using GmailCluster.Learning.Pictures;
using GmailCluster.Shards;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Caching.Memory;

namespace GmailCluster.Host.Api;

/// <summary>
/// Pictures of a generation as they come: the first few of the shards that were committed last. Only a shard's beginning is read,
/// so they are for looking at; whoever uses a shard reads and verifies it whole.
/// </summary>
internal sealed class SampleFeed(IObjectStore store, TimeProvider time) : IDisposable
{
    private const int PerShard = 4;
    private const int MostShards = 12;
    private const long CacheBytes = 64 << 20;
    private static readonly TimeSpan CacheAge = TimeSpan.FromMinutes(10);

    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["png"] = "image/png", ["jpg"] = "image/jpeg", ["jpeg"] = "image/jpeg", ["webp"] = "image/webp",
    };

    private readonly MemoryCache _heads = new(new MemoryCacheOptions { SizeLimit = CacheBytes });
    private readonly ShortMemory<IReadOnlyList<ShardEntry>> _entries = new(TimeSpan.FromSeconds(2), time);

    /// <summary>The newest pictures, the last shard's first.</summary>
    public async Task<SampleList> List(Stage stage, CancellationToken cancellationToken)
    {
        var entries = await Newest(stage, cancellationToken).ConfigureAwait(false);
        var heads = await Task.WhenAll(entries.Take(MostShards).Select(entry => Head(stage.Key, entry, cancellationToken))).ConfigureAwait(false);
        return new SampleList([.. heads.SelectMany(head => head.Select(sample => sample.View))]);
    }

    /// <summary>One of those pictures.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public async Task<(byte[] Encoded, string Type)> Picture(Stage stage, int shard, int index, CancellationToken cancellationToken)
    {
        var entries = await Newest(stage, cancellationToken).ConfigureAwait(false);
        var entry = entries.FirstOrDefault(entry => entry.Number == shard);
        var head = entry is null ? [] : await Head(stage.Key, entry, cancellationToken).ConfigureAwait(false);
        return index >= 0 && index < head.Count
            ? (head[index].Encoded, head[index].Type)
            : throw ApiException.NotFound(stage.Title, "has no such picture to show.", "The stage's list of samples names those that can be shown.");
    }

    public void Dispose() => _heads.Dispose();

    private Task<IReadOnlyList<ShardEntry>> Newest(Stage stage, CancellationToken cancellationToken)
    {
        if (stage.Kind is not StageKind.Generate)
        {
            throw ApiException.NotFound(stage.Title, "generates nothing, so it has no samples.", "The stage's kind says what can be asked of it.");
        }

        return _entries.Get(stage.Key.Value, () => ReadNewest(stage), cancellationToken);
    }

    // From the last leaf back: the shards of a leaf are made in order, near enough. Two leaves' worth can still be asked for when newer ones come.
    private async Task<IReadOnlyList<ShardEntry>> ReadNewest(Stage stage)
    {
        var shards = new ShardStore(store);
        var size = stage.SettingsAs<GenerateSettings>().Generate.ShardSize;
        var found = new List<ShardEntry>();
        var last = ShardLeaf.Of(Math.Max(0, (int)((stage.Size + size - 1) / size) - 1));
        for (var leaf = await LastLeaf(shards, stage.Key, last).ConfigureAwait(false); leaf >= 0 && found.Count < MostShards; leaf--)
        {
            found.AddRange((await shards.Leaf(stage.Key, leaf).ConfigureAwait(false)).Shards.Reverse());
        }

        return found;
    }

    // Leaves fill from the first on, so the last one with shards is found by halving, not by reading a thousand empty ones.
    private static async Task<int> LastLeaf(ShardStore shards, ArtifactKey key, int last)
    {
        var (known, beyond) = (-1, last + 1);
        while (beyond - known > 1)
        {
            var middle = (known + beyond) / 2;
            if ((await shards.Leaf(key, middle).ConfigureAwait(false)).Shards.Length > 0)
            {
                known = middle;
            }
            else
            {
                beyond = middle;
            }
        }

        return known;
    }

    private async Task<IReadOnlyList<Sample>> Head(ArtifactKey key, ShardEntry entry, CancellationToken cancellationToken)
    {
        if (_heads.TryGetValue(entry.Sha256, out IReadOnlyList<Sample>? kept))
        {
            return kept!;
        }

        var head = new List<Sample>();
        var name = ShardPaths.Shard(key, entry.Sha256);
        var stream = await store.OpenRead(name, 0, null, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            await foreach (var sample in new ShardReader(stream, name).Read(cancellationToken).ConfigureAwait(false))
            {
                if (Read(sample, entry.Number, head.Count) is { } picture)
                {
                    head.Add(picture);
                }

                if (head.Count == PerShard)
                {
                    break;
                }
            }
        }

        _heads.Set<IReadOnlyList<Sample>>(entry.Sha256, head, new MemoryCacheEntryOptions { Size = 1024 + head.Sum(sample => (long)sample.Encoded.Length), AbsoluteExpirationRelativeToNow = CacheAge });
        return head;
    }

    private static Sample? Read(ShardSample sample, int shard, int index)
    {
        var picture = sample.Members.FirstOrDefault(member => Types.ContainsKey(member.Key));
        if (picture.Value is null || !sample.Members.TryGetValue("json", out var json) || JsonSerializer.Deserialize<PictureRecord>(json, StageJson.Options) is not { } about)
        {
            return null;
        }

        return new Sample(new SampleView(shard, index, about.Id, about.Captions[0], about.Generated?.K ?? 0), picture.Value, Types[picture.Key]);
    }

    private sealed record Sample(SampleView View, byte[] Encoded, string Type);
}

/// <summary>A generated picture.</summary>
/// <param name="Shard">Its shard.</param>
/// <param name="Index">Its place among those shown of the shard.</param>
/// <param name="Id">The caption's id.</param>
/// <param name="Caption">What it was made from: text from anywhere.</param>
/// <param name="K">Which of the caption's pictures.</param>
internal sealed record SampleView(int Shard, int Index, string Id, string Caption, int K);

/// <summary>Generated pictures, those of the last shard first.</summary>
/// <param name="Items">The pictures.</param>
internal sealed record SampleList(IReadOnlyList<SampleView> Items);
