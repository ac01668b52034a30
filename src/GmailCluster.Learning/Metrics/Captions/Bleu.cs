namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>
/// BLEU-1 to BLEU-4 (Papineni et al. 2002) as pycocoevalcap computes them: corpus counts, the closest reference length (the
/// shorter at a tie), and its two small constants that keep empty captions defined.
/// </summary>
public static class Bleu
{
    private const double Small = 1e-9;
    private const double Tiny = 1e-15;

    /// <summary>Scores tokenised captions. Element n - 1 of the result is BLEU-n: of the corpus, and of each item.</summary>
    /// <param name="candidates">One tokenised caption an item.</param>
    /// <param name="references">The tokenised references of each item, at least one.</param>
    public static (double[] Corpus, double[][] PerItem) Score(
        IReadOnlyList<IReadOnlyList<string>> candidates, IReadOnlyList<IReadOnlyList<IReadOnlyList<string>>> references)
    {
        CaptionPairs.Check(candidates, references);
        var total = new Tally();
        var perItem = new double[Ngrams.Longest][];
        for (var n = 0; n < Ngrams.Longest; n++)
        {
            perItem[n] = new double[candidates.Count];
        }

        for (var item = 0; item < candidates.Count; item++)
        {
            var tally = Tally.Of(Ngrams.Words(candidates[item]), references[item]);
            total.Add(tally);
            var scores = tally.Scores();
            for (var n = 0; n < Ngrams.Longest; n++)
            {
                perItem[n][item] = scores[n];
            }
        }

        return (total.Scores(), perItem);
    }

    private sealed class Tally
    {
        private readonly long[] _correct = new long[Ngrams.Longest];
        private readonly long[] _guessed = new long[Ngrams.Longest];
        private long _length;
        private long _referenceLength;

        public static Tally Of(string[] words, IReadOnlyList<IReadOnlyList<string>> references)
        {
            var cooked = references.Select(Ngrams.Words).ToArray();
            var counts = cooked.Select(Ngrams.Count).ToArray();
            var tally = new Tally
            {
                _length = words.Length,
                _referenceLength = cooked.Select(reference => reference.Length)
                    .MinBy(length => (Math.Abs(length - words.Length), length)),
            };
            var mine = Ngrams.Count(words);
            for (var n = 0; n < Ngrams.Longest; n++)
            {
                tally._guessed[n] = Math.Max(0, words.Length - n);
                tally._correct[n] = mine[n].Sum(run => Math.Min(run.Value, counts.Max(reference => reference[n].GetValueOrDefault(run.Key))));
            }

            return tally;
        }

        public void Add(Tally other)
        {
            _length += other._length;
            _referenceLength += other._referenceLength;
            for (var n = 0; n < Ngrams.Longest; n++)
            {
                _correct[n] += other._correct[n];
                _guessed[n] += other._guessed[n];
            }
        }

        public double[] Scores()
        {
            var scores = new double[Ngrams.Longest];
            var ratio = (_length + Tiny) / (_referenceLength + Small);
            var brevity = ratio < 1 ? Math.Exp(1 - (1 / ratio)) : 1;
            var product = 1.0;
            for (var n = 0; n < Ngrams.Longest; n++)
            {
                product *= (_correct[n] + Tiny) / (_guessed[n] + Small);
                scores[n] = Math.Pow(product, 1.0 / (n + 1)) * brevity;
            }

            return scores;
        }
    }
}
