using System.Numerics.Tensors;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;

namespace GmailCluster.Learning.Use;

/// <summary>Ranks pictures for a text by the cosine of their embeddings.</summary>
public static class PictureSearch
{
    /// <summary>Refuses towers that do not meet in one space.</summary>
    /// <param name="pictures">The image tower.</param>
    /// <param name="texts">The text tower.</param>
    /// <param name="pictureFolder">Where the first comes from, for the message.</param>
    /// <param name="textFolder">Where the second comes from.</param>
    public static void RequireOneSpace(PictureEncoder pictures, TextEncoder texts, string pictureFolder, string textFolder)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        ArgumentNullException.ThrowIfNull(texts);
        if (pictures.Width != texts.Width)
        {
            throw new InputException(
                textFolder, $"embeds texts in {texts.Width} values, but {pictureFolder} embeds pictures in {pictures.Width}.", "Name the CLIP folder that the text tower was tuned from.");
        }
    }

    /// <summary>Embeds all pictures and the text.</summary>
    /// <returns>One for each picture, in their order: its cosine with the text, or why it could not be read.</returns>
    public static async Task<IReadOnlyList<Seen<float>>> Scores(
        string text, IReadOnlyList<string> paths, PictureEncoder pictures, TextEncoder texts, ComputePool pool, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        ArgumentNullException.ThrowIfNull(texts);
        var query = (await texts.Embed([text], pool, cancellationToken).ConfigureAwait(false))[0];
        var scores = new List<Seen<float>>();
        await foreach (var seen in pictures.Embed(paths, pool, cancellationToken).ConfigureAwait(false))
        {
            var score = seen.Result is { } embedding ? TensorPrimitives.CosineSimilarity<float>(query, embedding) : 0;
            scores.Add(new Seen<float>(seen.Name, score, seen.Problem));
        }

        return scores;
    }
}
