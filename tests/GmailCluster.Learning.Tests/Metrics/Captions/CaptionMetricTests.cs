using GmailCluster.Learning.Metrics.Captions;

namespace GmailCluster.Learning.Tests.Metrics.Captions;

public class CaptionMetricTests
{
    private static readonly string[][] Words = [["a", "red", "heart", "in", "a", "box"], ["the", "blue", "cat", "sleeps", "on", "it"]];
    private static readonly IReadOnlyList<IReadOnlyList<string>>[] References = [.. Words.Select(words => (IReadOnlyList<IReadOnlyList<string>>)[words])];

    [Fact]
    public void A_perfect_caption_gets_the_full_score()
    {
        Assert.Equal(1, Bleu.Score(Words, References).Corpus[3], 1e-6);
        Assert.Equal(1, RougeL.Score(Words, References).Corpus, 1e-9);
        Assert.Equal(10, Cider.Score(Words, References).Corpus, 1e-9);
        Assert.Equal(10, Cider.Score(Words, References, CiderVariant.Cosine).Corpus, 1e-9);
    }

    [Fact]
    public void Cider_d_punishes_repetition_and_the_first_form_does_not()
    {
        string[][] repeated = [[.. Words[0], .. Words[0], .. Words[0]], Words[1]];

        var clipped = Cider.Score(repeated, References).PerItem[0];
        var cosine = Cider.Score(repeated, References, CiderVariant.Cosine).PerItem[0];

        Assert.True(clipped < 0.2 * cosine, $"{clipped} {cosine}");
    }

    [Fact]
    public void An_empty_caption_scores_nothing()
    {
        string[][] empty = [[], []];

        Assert.Equal(0, Bleu.Score(empty, References).Corpus[3], 1e-12);
        Assert.Equal(0, RougeL.Score(empty, References).Corpus);
        Assert.Equal(0, Cider.Score(empty, References).Corpus);
    }

    [Fact]
    public void Unequal_numbers_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Bleu.Score(Words[..1], References));
        Assert.Throws<ArgumentException>(() => CaptionScores.Of(["a"], [[]]));
    }
}
