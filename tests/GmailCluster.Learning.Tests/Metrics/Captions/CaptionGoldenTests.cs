using System.Text.Json;
using GmailCluster.Learning.Metrics.Captions;

namespace GmailCluster.Learning.Tests.Metrics.Captions;

/// <summary>Against pycocoevalcap 1.2. The tolerance is its own rounding: both sides work in double precision.</summary>
public class CaptionGoldenTests
{
    private const double Tolerance = 1e-6;

    private static readonly JsonElement Reference = MetricGoldens.Json("caption-metrics");

    [Fact]
    public void Every_caption_is_tokenised_as_the_java_tokeniser_does()
    {
        var wrong = new List<string>();
        foreach (var (text, expected) in Texts("references", "tokenized_references").Concat(Texts("candidates", "tokenized_candidates")))
        {
            var actual = string.Join(' ', PtbTokenizer.Tokenize(text));
            if (actual != expected)
            {
                wrong.Add($"{text}\n  expected: {expected}\n  actual:   {actual}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Bleu_equals_the_reference()
    {
        var (candidates, references) = Items();

        var (corpus, perItem) = Bleu.Score(candidates, references);

        for (var n = 1; n <= 4; n++)
        {
            Check($"BLEU-{n}", corpus[n - 1], perItem[n - 1]);
        }
    }

    [Fact]
    public void Rouge_l_equals_the_reference()
    {
        var (candidates, references) = Items();

        var (corpus, perItem) = RougeL.Score(candidates, references);

        Check("ROUGE_L", corpus, perItem);
    }

    [Fact]
    public void Cider_equals_the_reference()
    {
        var (candidates, references) = Items();

        var (corpus, perItem) = Cider.Score(candidates, references);

        Check("CIDEr", corpus, perItem);
    }

    [Fact]
    public void Plain_captions_get_the_same_scores()
    {
        var captions = Property("candidates").Select(item => First(item.Value)).ToArray();
        var references = Property("references").Select(item => Strings(item.Value)).ToArray();

        var scores = CaptionScores.Of(captions, references);

        Assert.Equal(Score("BLEU-4"), scores.Bleu[3], Tolerance);
        Assert.Equal(Score("ROUGE_L"), scores.RougeL, Tolerance);
        Assert.Equal(Score("CIDEr"), scores.Cider, Tolerance);
        Assert.Equal(100 * Score("CIDEr"), scores.Named().Single(score => score.Metric == "CIDEr").Value, 1e-4);
    }

    private static void Check(string metric, double corpus, double[] perItem)
    {
        Assert.Equal(Score(metric), corpus, Tolerance);
        var expected = Reference.GetProperty("per_item").GetProperty(metric).EnumerateArray().Select(value => value.GetDouble()).ToArray();
        Assert.Equal(expected.Length, perItem.Length);
        for (var item = 0; item < expected.Length; item++)
        {
            Assert.Equal(expected[item], perItem[item], Tolerance);
        }
    }

    private static double Score(string metric) => Reference.GetProperty("scores").GetProperty(metric).GetDouble();

    private static (IReadOnlyList<IReadOnlyList<string>> Candidates, IReadOnlyList<IReadOnlyList<IReadOnlyList<string>>> References) Items()
    {
        var candidates = Property("tokenized_candidates").Select(item => (IReadOnlyList<string>)Words(First(item.Value))).ToArray();
        var references = Property("tokenized_references")
            .Select(item => (IReadOnlyList<IReadOnlyList<string>>)Strings(item.Value).Select(text => (IReadOnlyList<string>)Words(text)).ToArray())
            .ToArray();
        return (candidates, references);
    }

    private static IEnumerable<(string Text, string Tokens)> Texts(string plain, string tokenized) =>
        Property(plain).Zip(Property(tokenized)).SelectMany(pair =>
        {
            Assert.Equal(pair.First.Name, pair.Second.Name);
            return Strings(pair.First.Value).Zip(Strings(pair.Second.Value));
        });

    private static JsonProperty[] Property(string name) => [.. Reference.GetProperty(name).EnumerateObject()];

    private static string[] Strings(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(text => text.GetString()!)]
        : [value.GetString()!];

    private static string First(JsonElement value) => Strings(value).Single();

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
