using GmailCluster.Data.Features;
using GmailCluster.Learning.Pictures;
using GmailCluster.Learning.Sampling;

namespace GmailCluster.Learning.Alignment;

/// <summary>
/// What alignment sees: captions with generated images and a real picture, each with the frozen embeddings of the real picture
/// and of the caption. A step takes one image of each of B captions.
/// </summary>
public sealed class AlignData
{
    private readonly IReadOnlyList<AlignItem> _items;
    private readonly BatchSampler _sampler;

    /// <summary>Pairs generated images with real features by caption id.</summary>
    /// <param name="generated">Generated pictures, in order.</param>
    /// <param name="real">Embeddings of real pictures, by caption id.</param>
    /// <param name="text">Embeddings of captions, by caption id.</param>
    /// <param name="patches">Patches of real pictures; null when the loss has no patch term.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="batchSize">Captions in a global batch.</param>
    public AlignData(IEnumerable<Picture> generated, FeatureTable real, FeatureTable text, FeatureTable? patches, int seed, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(text);
        var rows = real.Ids.Select((id, row) => (id, row)).ToDictionary(pair => pair.id, pair => pair.row, StringComparer.Ordinal);
        var textRows = text.Ids.Select((id, row) => (id, row)).ToDictionary(pair => pair.id, pair => pair.row, StringComparer.Ordinal);
        _items = [.. generated.GroupBy(picture => picture.About.Id, StringComparer.Ordinal).Where(group => rows.ContainsKey(group.Key))
            .Select(group => new AlignItem([.. group], rows[group.Key], textRows[group.Key]))];
        if (_items.Count < batchSize)
        {
            throw new Errors.InputException(
                "align.batch_size", $"is {batchSize}, but only {_items.Count} captions have both a real picture and generated images.",
                "Lower it, or generate for more captions of the training set.");
        }

        (Real, Text, Patches) = (real, text, patches);
        _sampler = new BatchSampler((ulong)seed, "align", [[.. Enumerable.Range(0, _items.Count)]], batchSize);
    }

    /// <summary>Embeddings of real pictures.</summary>
    public FeatureTable Real { get; }

    /// <summary>Embeddings of captions.</summary>
    public FeatureTable Text { get; }

    /// <summary>Patches of real pictures.</summary>
    public FeatureTable? Patches { get; }

    /// <summary>The global batch of a step.</summary>
    public IReadOnlyList<AlignSample> Batch(int step) => [.. _sampler.Batch(step).Select(draw =>
    {
        var item = _items[draw.Item];
        return new AlignSample(item.Pictures[(int)((ulong)draw.Choice * (ulong)item.Pictures.Count >> 32)], item.RealRow, item.TextRow);
    })];

    private sealed record AlignItem(IReadOnlyList<Picture> Pictures, int RealRow, int TextRow);
}

/// <summary>A generated picture and the rows of its caption's frozen features.</summary>
public sealed record AlignSample(Picture Picture, int RealRow, int TextRow);
