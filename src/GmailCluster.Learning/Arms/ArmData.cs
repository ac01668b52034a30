using GmailCluster.Data.Features;
using GmailCluster.Learning.Sampling;

namespace GmailCluster.Learning.Arms;

/// <summary>What an arm trains on, and which of it each step sees: one or two streams, half and half (GMAIL, section 4).</summary>
public sealed class ArmData
{
    private readonly IReadOnlyList<ArmPictures> _streams;
    private readonly BatchSampler _sampler;

    /// <summary>Makes the data of one run.</summary>
    /// <param name="streams">Real, generated, or both.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stage">What is trained.</param>
    /// <param name="batchSize">Items in a global batch.</param>
    public ArmData(IReadOnlyList<ArmPictures> streams, int seed, string stage, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(streams);
        _streams = streams;
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        int Group(string id) => groups.TryGetValue(id, out var group) ? group : groups[id] = groups.Count;
        _sampler = new BatchSampler((ulong)seed, stage, [.. streams.Select(stream => (IReadOnlyList<int>)[.. stream.Items.Select(item => Group(item.Id))])], batchSize);
    }

    /// <summary>All captions of all streams, to be tokenised once.</summary>
    public IEnumerable<CaptionedItem> Items => _streams.SelectMany(stream => stream.Items);

    /// <summary>The global batch of a step; rank r of R trains on the r-th of R equal parts.</summary>
    public IReadOnlyList<ArmSample> Batch(int step) => [.. _sampler.Batch(step).Select(draw =>
    {
        var stream = _streams[draw.Stream];
        var rows = stream.Rows[draw.Item];
        return new ArmSample(stream.Items[draw.Item], stream.Features, rows[(int)((ulong)draw.Choice * (ulong)rows.Count >> 32)]);
    })];
}

/// <summary>A caption and the picture that stands for it in this step.</summary>
/// <param name="Item">The caption.</param>
/// <param name="Features">Where the picture's features are.</param>
/// <param name="Row">Which row they are.</param>
public sealed record ArmSample(CaptionedItem Item, FeatureTable Features, int Row)
{
    /// <summary>The picture's features, flat.</summary>
    public ReadOnlySpan<float> Values
    {
        get
        {
            var width = Features.Values.Length / Features.Ids.Length;
            return Features.Values.AsSpan(Row * width, width);
        }
    }
}
