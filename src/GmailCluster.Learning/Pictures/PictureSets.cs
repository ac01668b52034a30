using System.Globalization;
using System.Text;
using System.Text.Json;
using GmailCluster.Data.Shards;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Learning.Arms;
using GmailCluster.Shards;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Pictures;

/// <summary>Sets of pictures in the store, real and generated in one form: WebDataset shards under a manifest.</summary>
public static class PictureSets
{
    /// <summary>A shard's sample: <c>00000007.png</c>, <c>.txt</c>, <c>.json</c>. Numbers, not ids, name the members: ids may hold anything.</summary>
    /// <param name="number">The picture's place in the set.</param>
    /// <param name="extension">Of the encoded picture, such as <c>png</c>.</param>
    /// <param name="encoded">The encoded picture.</param>
    /// <param name="about">What is known of it.</param>
    public static ShardSample Sample(int number, string extension, byte[] encoded, PictureRecord about)
    {
        ArgumentNullException.ThrowIfNull(about);
        return new ShardSample(number.ToString("00000000", CultureInfo.InvariantCulture), new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            [extension] = encoded,
            ["txt"] = Encoding.UTF8.GetBytes(about.Captions[0]),
            ["json"] = JsonSerializer.SerializeToUtf8Bytes(about, StageJson.Options),
        });
    }

    /// <summary>All pictures of a set in order, each shard checked against its hash.</summary>
    public static async IAsyncEnumerable<Picture> Read(
        IObjectStore store, ArtifactKey set, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shards = new ShardStore(store);
        await foreach (var entry in shards.Entries(set, cancellationToken).ConfigureAwait(false))
        {
            await foreach (var sample in shards.Read(set, entry, cancellationToken).ConfigureAwait(false))
            {
                yield return Parse(sample, ShardPaths.Shard(set, entry.Sha256));
            }
        }
    }

    /// <summary>The captions that pictures of a set stand for, in order, once each.</summary>
    public static async Task<IReadOnlyList<CaptionedItem>> Captions(IObjectStore store, ArtifactKey set, CancellationToken cancellationToken)
    {
        var items = new List<CaptionedItem>();
        await foreach (var picture in Read(store, set, cancellationToken).ConfigureAwait(false))
        {
            if (picture.About.Generated is null or { K: 0 })
            {
                items.Add(new CaptionedItem(picture.About.Id, picture.About.Captions[0], picture.About.LongCaption));
            }
        }

        return items;
    }

    private static Picture Parse(ShardSample sample, string where)
    {
        var encoded = sample.Members.Where(member => member.Key is not ("txt" or "json")).Select(member => member.Value).ToArray();
        var about = sample.Members.TryGetValue("json", out var json) ? JsonSerializer.Deserialize<PictureRecord>(json, StageJson.Options) : null;
        if (encoded.Length != 1 || about is null)
        {
            throw new GmailClusterException($"{where}: {sample.Key}", "does not hold one picture and its record.", "Remove the set's folder in the store and run the spec again.");
        }

        var id = about.Generated is { } made ? PictureId.Generated(about.Id, made.K) : about.Id;
        return new Picture(id, encoded[0], about);
    }
}
