namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>ROUGE-L (Lin 2004) as pycocoevalcap computes it: beta 1.2, the best precision and the best recall over the references.</summary>
public static class RougeL
{
    private const double Beta = 1.2;

    /// <summary>Scores tokenised captions: the mean over items, and each item's.</summary>
    /// <param name="candidates">One tokenised caption an item.</param>
    /// <param name="references">The tokenised references of each item, at least one.</param>
    public static (double Corpus, double[] PerItem) Score(
        IReadOnlyList<IReadOnlyList<string>> candidates, IReadOnlyList<IReadOnlyList<IReadOnlyList<string>>> references)
    {
        CaptionPairs.Check(candidates, references);
        var perItem = new double[candidates.Count];
        for (var item = 0; item < perItem.Length; item++)
        {
            perItem[item] = Item(candidates[item], references[item]);
        }

        return (perItem.Average(), perItem);
    }

    private static double Item(IReadOnlyList<string> candidate, IReadOnlyList<IReadOnlyList<string>> references)
    {
        var (precision, recall) = (0.0, 0.0);
        foreach (var reference in references)
        {
            // The reference implementation splits "" into one empty word: an empty caption equals an empty reference.
            double common = candidate.Count == 0 && reference.Count == 0 ? 1 : LongestCommon(candidate, reference);
            precision = Math.Max(precision, common / Math.Max(1, candidate.Count));
            recall = Math.Max(recall, common / Math.Max(1, reference.Count));
        }

        return precision == 0 || recall == 0 ? 0 : (1 + (Beta * Beta)) * precision * recall / (recall + (Beta * Beta * precision));
    }

    private static int LongestCommon(IReadOnlyList<string> a, IReadOnlyList<string> b)
    {
        var row = new int[b.Count + 1];
        for (var i = 0; i < a.Count; i++)
        {
            var diagonal = 0;
            for (var j = 0; j < b.Count; j++)
            {
                var above = row[j + 1];
                row[j + 1] = string.Equals(a[i], b[j], StringComparison.Ordinal) ? diagonal + 1 : Math.Max(above, row[j]);
                diagonal = above;
            }
        }

        return row[b.Count];
    }
}
