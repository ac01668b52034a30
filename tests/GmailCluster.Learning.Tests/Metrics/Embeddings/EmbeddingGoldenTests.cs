using System.Text.Json;
using GmailCluster.Learning.Metrics.Embeddings;

namespace GmailCluster.Learning.Tests.Metrics.Embeddings;

/// <summary>Against torch and scipy.</summary>
public class EmbeddingGoldenTests
{
    [Fact]
    public void Recall_equals_the_reference()
    {
        var reference = MetricGoldens.Json("retrieval");
        var image = MetricGoldens.Matrix("retrieval", "image");
        var text = MetricGoldens.Matrix("retrieval", "text");
        var captions = reference.GetProperty("captions_per_image").GetInt32();
        var expected = reference.GetProperty("scores").EnumerateObject().ToArray();
        var cutoffs = expected.Select(score => int.Parse(score.Name.Split('@')[1], null)).Distinct().ToArray();

        var scores = Recall.RecallAtK(image, text, [.. Enumerable.Range(0, text.Count).Select(i => i / captions)], cutoffs);

        Assert.NotEmpty(expected);
        foreach (var score in expected)
        {
            var at = Array.IndexOf(cutoffs, int.Parse(score.Name.Split('@')[1], null));
            var actual = score.Name.StartsWith("t2i", StringComparison.Ordinal) ? scores.TextToImage[at] : scores.ImageToText[at];
            Assert.Equal(score.Value.GetDouble(), actual, 1e-9);
        }
    }

    [Fact]
    public void Gap_equals_the_reference()
    {
        var scores = MetricGoldens.Json("modality-gap").GetProperty("scores");
        var real = MetricGoldens.Matrix("modality-gap", "real");
        var generated = MetricGoldens.Matrix("modality-gap", "generated");

        Assert.Equal(Score(scores, "cmmd"), ModalityGap.Cmmd(real, generated), 1e-6);
        Assert.Equal(Score(scores, "frechet"), ModalityGap.Frechet(real, generated), 1e-6);
        Assert.Equal(Score(scores, "centroid"), ModalityGap.CentroidDistance(real, generated), 1e-6);
    }

    private static double Score(JsonElement scores, string name) => scores.GetProperty(name).GetDouble();
}
