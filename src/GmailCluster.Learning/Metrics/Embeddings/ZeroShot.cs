namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>Classification by the nearest class text (CLIP, arXiv 2103.00020, section 3.1).</summary>
public static class ZeroShot
{
    /// <summary>Top-k accuracy at each k, 0 to 1. Of equal scores the lower class stands first.</summary>
    /// <param name="scores">Row after row, [images, classes]; higher is nearer.</param>
    /// <param name="labels">The class of each image, [images].</param>
    /// <param name="classes">How many classes.</param>
    /// <param name="cutoffs">The ks.</param>
    public static double[] TopK(ReadOnlySpan<float> scores, ReadOnlySpan<int> labels, int classes, IReadOnlyList<int> cutoffs)
    {
        ArgumentNullException.ThrowIfNull(cutoffs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        if (labels.Length == 0 || scores.Length != labels.Length * classes)
        {
            throw new ArgumentException($"scores: expected {labels.Length} x {classes} numbers, at least one row, got {scores.Length}.", nameof(scores));
        }

        var places = new int[labels.Length];
        for (var image = 0; image < places.Length; image++)
        {
            if ((uint)labels[image] >= (uint)classes)
            {
                throw new ArgumentException($"image {image} has class {labels[image]}; there are {classes}.", nameof(labels));
            }

            places[image] = Ranking.PlaceOf(scores.Slice(image * classes, classes), 1, classes, labels[image]);
        }

        return Recall.Shares(places, cutoffs);
    }
}
