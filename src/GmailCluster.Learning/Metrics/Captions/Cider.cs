namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>
/// CIDEr (Vedantam et al., arXiv 1411.5726): agreement with the references in TF-IDF weighted runs of 1 to 4 words; document
/// frequencies are those of the references given. On the scale of pycocoevalcap: 0 to 10.
/// </summary>
public static class Cider
{
    private const double Sigma = 6;

    /// <summary>Scores tokenised captions: the mean over items, and each item's.</summary>
    /// <param name="candidates">One tokenised caption an item.</param>
    /// <param name="references">The tokenised references of each item, at least one.</param>
    /// <param name="variant">CIDEr-D unless said otherwise.</param>
    public static (double Corpus, double[] PerItem) Score(
        IReadOnlyList<IReadOnlyList<string>> candidates,
        IReadOnlyList<IReadOnlyList<IReadOnlyList<string>>> references,
        CiderVariant variant = CiderVariant.D)
    {
        CaptionPairs.Check(candidates, references);
        var cooked = references.Select(item => item.Select(reference => Ngrams.Count(Ngrams.Words(reference))).ToArray()).ToArray();
        var documents = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var item in cooked)
        {
            foreach (var run in item.SelectMany(reference => reference).SelectMany(counts => counts.Keys).ToHashSet(StringComparer.Ordinal))
            {
                documents[run] = documents.GetValueOrDefault(run) + 1;
            }
        }

        var logCount = Math.Log(candidates.Count);
        var perItem = new double[candidates.Count];
        for (var item = 0; item < perItem.Length; item++)
        {
            var mine = Weigh(Ngrams.Count(Ngrams.Words(candidates[item])), documents, logCount);
            var sum = cooked[item].Sum(reference => Similarity(mine, Weigh(reference, documents, logCount), variant));
            perItem[item] = sum / Ngrams.Longest / cooked[item].Length * 10;
        }

        return (perItem.Average(), perItem);
    }

    private static Weighted Weigh(Dictionary<string, int>[] counts, Dictionary<string, int> documents, double logCount)
    {
        var vectors = new Dictionary<string, double>[Ngrams.Longest];
        var norms = new double[Ngrams.Longest];
        for (var n = 0; n < Ngrams.Longest; n++)
        {
            vectors[n] = new Dictionary<string, double>(counts[n].Count, StringComparer.Ordinal);
            foreach (var (run, count) in counts[n])
            {
                var weight = count * (logCount - Math.Log(Math.Max(1, documents.GetValueOrDefault(run))));
                vectors[n][run] = weight;
                norms[n] += weight * weight;
            }

            norms[n] = Math.Sqrt(norms[n]);
        }

        // The reference measures length in pairs of words: one less than the words.
        return new Weighted(vectors, norms, counts[1].Values.Sum());
    }

    private static double Similarity(Weighted candidate, Weighted reference, CiderVariant variant)
    {
        double delta = candidate.Length - reference.Length;
        var penalty = variant == CiderVariant.D ? Math.Exp(-(delta * delta) / (2 * Sigma * Sigma)) : 1;
        var total = 0.0;
        for (var n = 0; n < Ngrams.Longest; n++)
        {
            var product = 0.0;
            foreach (var (run, weight) in candidate.Vectors[n])
            {
                if (reference.Vectors[n].TryGetValue(run, out var other))
                {
                    product += (variant == CiderVariant.D ? Math.Min(weight, other) : weight) * other;
                }
            }

            var norm = candidate.Norms[n] * reference.Norms[n];
            total += (norm == 0 ? product : product / norm) * penalty;
        }

        return total;
    }

    private sealed record Weighted(Dictionary<string, double>[] Vectors, double[] Norms, int Length);
}
