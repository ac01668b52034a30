using GmailCluster.Data.Captions;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Generation;

/// <summary>
/// Which images a shard holds: a pure function of the spec. Images run caption by caption, the K images of a caption together,
/// and are cut into shards of equal size, the last one shorter.
/// </summary>
public sealed class ShardPlan
{
    private readonly IReadOnlyList<Prompt> _prompts;
    private readonly int _imagesPerCaption;
    private readonly int _shardSize;

    /// <summary>Plans the shards of these prompts.</summary>
    public ShardPlan(IReadOnlyList<Prompt> prompts, int imagesPerCaption, int shardSize)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        (_prompts, _imagesPerCaption, _shardSize) = (prompts, imagesPerCaption, shardSize);
    }

    /// <summary>All images.</summary>
    public int ImageCount => checked(_prompts.Count * _imagesPerCaption);

    /// <summary>All shards.</summary>
    public int ShardCount => (ImageCount + _shardSize - 1) / _shardSize;

    /// <summary>Reads the prompts of a generation from the store.</summary>
    public static async Task<ShardPlan> Load(IObjectStore store, GenerateSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var prompts = await CaptionStore.Read(store, settings.Prompts, cancellationToken).ConfigureAwait(false);
        return new ShardPlan(prompts, settings.Generate.ImagesPerCaption, settings.Generate.ShardSize);
    }

    /// <summary>The images of a shard, in order.</summary>
    public IReadOnlyList<PlannedImage> Images(int shard)
    {
        var first = shard * _shardSize;
        return [.. Enumerable.Range(first, Math.Min(_shardSize, ImageCount - first))
            .Select(number => new PlannedImage(number, _prompts[number / _imagesPerCaption], number % _imagesPerCaption))];
    }
}

/// <summary>One image to make.</summary>
/// <param name="Number">Its place in the whole set.</param>
/// <param name="Prompt">Its caption.</param>
/// <param name="K">Which of the caption's images.</param>
public sealed record PlannedImage(int Number, Prompt Prompt, int K);
