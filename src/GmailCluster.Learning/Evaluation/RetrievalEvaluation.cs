using GmailCluster.Data.Tokenizers;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Features;
using GmailCluster.Learning.Metrics.Embeddings;
using GmailCluster.Learning.Work;
using GmailCluster.Models.Clip;
using GmailCluster.Specs;
using GmailCluster.Stages;

namespace GmailCluster.Learning.Evaluation;

/// <summary>
/// Retrieval both ways over all test pictures together, and zero-shot classification by name with averaged templates
/// (CLIP, arXiv 2103.00020, section 3.1.4).
/// </summary>
internal static class RetrievalEvaluation
{
    public static async Task<WorkResult> Run(
        ComputePool pool, EvaluateSettings settings, string folder, IReadOnlyList<TestSet> tests, WorkProgress progress, CancellationToken cancellationToken)
    {
        using var tower = ClipTextTower.Load(folder);
        tower.eval();
        var encoder = new Encoder(pool, tower, TokenizerFolder.Load(settings.ClipFolder));
        var isLong = settings.Task is StageKind.Long;
        var texts = new List<string>();
        var imageOfText = new List<int>();
        foreach (var (image, picture) in tests.SelectMany(test => test.Pictures).Index())
        {
            foreach (var caption in isLong ? [picture.About.LongCaption ?? picture.About.Captions[0]] : picture.About.Captions)
            {
                texts.Add(caption);
                imageOfText.Add(image);
            }
        }

        var images = Normalised([.. tests.SelectMany(test => test.Features.Values)], (int)tests[0].Features.Shape[^1]);
        var embedded = Normalised(await encoder.Encode(texts, cancellationToken).ConfigureAwait(false), images.Width);
        progress.Add(images.Count);
        var figures = Recall.RecallAtK(images, embedded, imageOfText.ToArray(), settings.Evaluate.RecallAt).Named()
            .Select(score => new StageFigure(null, score.Metric, score.Value)).ToList();
        if (!isLong && settings.Evaluate.ZeroShot is { } zeroShot)
        {
            figures.AddRange(await Classify(encoder, zeroShot, tests.Single(test => test.Name == zeroShot.Test), cancellationToken).ConfigureAwait(false));
        }

        return new WorkResult { Figures = figures };
    }

    private static async Task<IEnumerable<StageFigure>> Classify(Encoder encoder, ZeroShotSpec spec, TestSet test, CancellationToken cancellationToken)
    {
        var chosen = test.Pictures.Select((picture, row) => (picture, row))
            .Where(pair => spec.Where.All(condition => pair.picture.About.Fields.GetValueOrDefault(condition.Key) == condition.Value)).ToArray();
        var names = chosen.Select(pair => ClassOf(pair.picture, spec)).ToArray();
        var classes = names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        if (classes.Length < 2)
        {
            throw new InputException(
                $"evaluate.zero_shot on {spec.Test}", $"finds {classes.Length} classes among the {chosen.Length} pictures that 'where' leaves.",
                "Change 'where' or 'class_field' so that there are at least two.");
        }

        var width = (int)test.Features.Shape[^1];
        var prototypes = new float[classes.Length * width];
        foreach (var template in spec.Templates)
        {
            var prompts = classes.Select(name => template.Replace("{}", name, StringComparison.Ordinal)).ToArray();
            var embedded = Normalised(await encoder.Encode(prompts, cancellationToken).ConfigureAwait(false), width);
            for (var i = 0; i < prototypes.Length; i++)
            {
                prototypes[i] += embedded.Values.Span[i];
            }
        }

        var images = Normalised([.. chosen.SelectMany(pair => test.Features.Values.AsSpan(pair.row * width, width).ToArray())], width);
        var scores = Recall.Similarity(images, Normalised(prototypes, width));
        var labels = names.Select(name => Array.BinarySearch(classes, name, StringComparer.Ordinal)).ToArray();
        var cutoffs = new[] { 1, 5 };
        return ZeroShot.TopK(scores, labels, classes.Length, cutoffs).Zip(cutoffs)
            .Select(pair => new StageFigure(test.Name, FormattableString.Invariant($"top-{pair.Second}"), 100 * pair.First)).ToArray();
    }

    private static string ClassOf(Pictures.Picture picture, ZeroShotSpec spec) => spec.ClassField == "caption"
        ? picture.About.Captions[0]
        : picture.About.Fields.GetValueOrDefault(spec.ClassField)
            ?? throw new InputException($"evaluate.zero_shot.class_field: picture {picture.Id}", $"has no field {spec.ClassField}.", "Name a field that every picture has.");

    private static EmbeddingMatrix Normalised(float[] values, int width)
    {
        for (var start = 0; start < values.Length; start += width)
        {
            var row = values.AsSpan(start, width);
            System.Numerics.Tensors.TensorPrimitives.Divide(row, System.Numerics.Tensors.TensorPrimitives.Norm(row), row);
        }

        return new EmbeddingMatrix(values, width);
    }

    private sealed record Encoder(ComputePool Pool, ClipTextTower Tower, ITokenizer Tokenizer)
    {
        public Task<float[]> Encode(IReadOnlyList<string> texts, CancellationToken cancellationToken) =>
            TextEncoding.Encode(Pool, Tower, Tokenizer, texts, null, cancellationToken);
    }
}
