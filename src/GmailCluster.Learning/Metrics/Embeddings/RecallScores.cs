namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>Recall at several cut-offs, 0 to 1.</summary>
/// <param name="Cutoffs">The ks, in the order asked for.</param>
/// <param name="ImageToText">Share of images that find one of their texts, at each k.</param>
/// <param name="TextToImage">Share of texts that find their image, at each k.</param>
public sealed record RecallScores(IReadOnlyList<int> Cutoffs, IReadOnlyList<double> ImageToText, IReadOnlyList<double> TextToImage)
{
    /// <summary>The scores by the names results carry: <c>image->text R@1</c>, <c>text->image R@1</c> …, times 100.</summary>
    public IEnumerable<(string Metric, double Value)> Named() =>
    [
        .. Cutoffs.Select((k, i) => ($"image->text R@{k}", 100 * ImageToText[i])),
        .. Cutoffs.Select((k, i) => ($"text->image R@{k}", 100 * TextToImage[i])),
    ];
}
