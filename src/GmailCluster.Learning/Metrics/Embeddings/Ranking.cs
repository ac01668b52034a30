namespace GmailCluster.Learning.Metrics.Embeddings;

/// <summary>
/// Where right answers stand when candidates are sorted by similarity, highest first. Of equals the lower index stands first, so
/// a model that scores everything alike gets what guessing would, and the figure does not depend on a sort.
/// </summary>
internal static class Ranking
{
    /// <summary>The place (0 is first) of candidate <paramref name="answer"/>; candidate i has <c>scores[i * stride]</c>.</summary>
    public static int PlaceOf(ReadOnlySpan<float> scores, int stride, int count, int answer)
    {
        var mine = scores[answer * stride];
        if (float.IsNaN(mine))
        {
            return count; // nothing was ranked: never a hit
        }

        var before = 0;
        for (var i = 0; i < count; i++)
        {
            var score = scores[i * stride];
            if (score > mine || (score == mine && i < answer))
            {
                before++;
            }
        }

        return before;
    }
}
