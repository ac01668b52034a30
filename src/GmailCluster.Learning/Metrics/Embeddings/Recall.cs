using System.Numerics.Tensors;

namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>Retrieval between images and their captions (Karpathy and Fei-Fei 2015): recall at k, both ways.</summary>
public static class Recall
{
    /// <summary>Recall at each k, 0 to 1. An image counts when any of its captions is among its k nearest texts.</summary>
    /// <param name="similarity">Row after row, [images, texts]; higher is nearer.</param>
    /// <param name="imageOfText">For each text the index of its image; an image may have several texts, and needs at least one.</param>
    /// <param name="images">How many images, I.</param>
    /// <param name="cutoffs">The ks.</param>
    public static RecallScores RecallAtK(ReadOnlySpan<float> similarity, ReadOnlySpan<int> imageOfText, int images, IReadOnlyList<int> cutoffs)
    {
        ArgumentNullException.ThrowIfNull(cutoffs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(images);
        var texts = imageOfText.Length;
        if (similarity.Length != images * texts)
        {
            throw new ArgumentException($"similarity: expected {images} x {texts} numbers, got {similarity.Length}.", nameof(similarity));
        }

        var best = new int[images];
        Array.Fill(best, int.MaxValue);
        var places = new int[texts];
        for (var text = 0; text < texts; text++)
        {
            var image = imageOfText[text];
            if ((uint)image >= (uint)images)
            {
                throw new ArgumentException($"text {text} names image {image}; there are {images}.", nameof(imageOfText));
            }

            places[text] = Ranking.PlaceOf(similarity[text..], texts, images, image);
            best[image] = Math.Min(best[image], Ranking.PlaceOf(similarity.Slice(image * texts, texts), 1, texts, text));
        }

        if (Array.IndexOf(best, int.MaxValue) is >= 0 and var lonely)
        {
            throw new ArgumentException($"image {lonely} has no text.", nameof(imageOfText));
        }

        return new RecallScores([.. cutoffs], Shares(best, cutoffs), Shares(places, cutoffs));
    }

    /// <summary>Recall from embeddings: the similarity is their dot product, as they are (normalise them first for the cosine).</summary>
    /// <param name="image">[I, D].</param>
    /// <param name="text">[T, D].</param>
    /// <param name="imageOfText">For each text the index of its image.</param>
    /// <param name="cutoffs">The ks.</param>
    public static RecallScores RecallAtK(EmbeddingMatrix image, EmbeddingMatrix text, ReadOnlySpan<int> imageOfText, IReadOnlyList<int> cutoffs) =>
        RecallAtK(Similarity(image, text), imageOfText, image.Count, cutoffs);

    /// <summary>Dot products of all rows, row after row, [A, B].</summary>
    public static float[] Similarity(EmbeddingMatrix a, EmbeddingMatrix b)
    {
        a.CheckWith(b);
        var similarity = new float[a.Count * b.Count];
        for (var row = 0; row < a.Count; row++)
        {
            for (var column = 0; column < b.Count; column++)
            {
                similarity[(row * b.Count) + column] = TensorPrimitives.Dot(a.Row(row), b.Row(column));
            }
        }

        return similarity;
    }

    internal static double[] Shares(int[] places, IReadOnlyList<int> cutoffs) =>
        [.. cutoffs.Select(k => (double)places.Count(place => place < k) / places.Length)];
}
