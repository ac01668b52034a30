namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>The caption metrics of one set of captions, on the scale of pycocoevalcap (BLEU and ROUGE-L 0 to 1, CIDEr 0 to 10).</summary>
/// <param name="Bleu">BLEU-1 to BLEU-4 of the corpus.</param>
/// <param name="RougeL">Mean ROUGE-L.</param>
/// <param name="Cider">Mean CIDEr-D: what is published as CIDEr.</param>
public sealed record CaptionScores(IReadOnlyList<double> Bleu, double RougeL, double Cider)
{
    /// <summary>Tokenises and scores plain captions.</summary>
    /// <param name="candidates">One caption an item, as generated.</param>
    /// <param name="references">The references of each item, as written by people, at least one.</param>
    public static CaptionScores Of(IReadOnlyList<string> candidates, IReadOnlyList<IReadOnlyList<string>> references)
    {
        CaptionPairs.Check(candidates, references);
        IReadOnlyList<string>[] words = [.. candidates.Select(PtbTokenizer.Tokenize)];
        IReadOnlyList<IReadOnlyList<string>>[] wanted = [.. references.Select(item => (IReadOnlyList<IReadOnlyList<string>>)[.. item.Select(PtbTokenizer.Tokenize)])];
        return new CaptionScores(Captions.Bleu.Score(words, wanted).Corpus, Captions.RougeL.Score(words, wanted).Corpus, Captions.Cider.Score(words, wanted).Corpus);
    }

    /// <summary>The scores by the names results carry: <c>BLEU-1</c> … <c>BLEU-4</c>, <c>ROUGE-L</c>, <c>CIDEr</c>, all times 100.</summary>
    public IEnumerable<(string Metric, double Value)> Named() =>
        [.. Bleu.Select((value, n) => ($"BLEU-{n + 1}", 100 * value)), ("ROUGE-L", 100 * RougeL), ("CIDEr", 100 * Cider)];
}
