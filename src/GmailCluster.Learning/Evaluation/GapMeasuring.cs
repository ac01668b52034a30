using System.Text.Json;
using GmailCluster.Data.Features;
using GmailCluster.Data.Storage;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Metrics.Embeddings;
using GmailCluster.Learning.Work;
using GmailCluster.Results;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Evaluation;

/// <summary>
/// The gap between generated and real pictures of the same held-out captions, before and after alignment, and a 2-D map of both
/// on the axes of the real ones.
/// </summary>
public static class GapMeasuring
{
    // Fewer say nothing of a distribution. Prompts may well leave out the test captions: then there is no gap to measure, and no error.
    private const int LeastPairs = 8;

    /// <summary>Where a measurement's map is.</summary>
    public static string MapKey(Keys.ArtifactKey gap) => $"evaluations/{gap}/map.json";

    internal static async Task<WorkResult> Run(IObjectStore store, ComputePool pool, Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        var settings = stage.SettingsAs<GapSettings>();
        var real = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var test in settings.Tests)
        {
            foreach (var (id, row) in Rows(await FeatureStore.Load(store, test.Features, "embeddings", cancellationToken).ConfigureAwait(false)))
            {
                real[id] = row;
            }
        }

        var before = await Generated(store, settings.Before, real, cancellationToken).ConfigureAwait(false);
        var after = await Generated(store, settings.After, real, cancellationToken).ConfigureAwait(false);
        if (before.Ids.Count < LeastPairs)
        {
            return new WorkResult
            {
                Notes = [$"Not measured: {before.Ids.Count} captions of the test sets have generated images, and the gap needs at least {LeastPairs}."],
            };
        }

        var (beforeRows, afterRows) = (EmbeddingMatrix.From(before.Rows), EmbeddingMatrix.From(after.Rows));

        var matrix = EmbeddingMatrix.From([.. before.Ids.Select(id => real[id])]);
        var pairing = Enumerable.Range(0, before.Ids.Count).ToArray();
        var figures = new List<StageFigure>();
        foreach (var (moment, rows) in new[] { (GapMoment.Before, beforeRows), (GapMoment.After, afterRows) })
        {
            var measured = await pool.Run(() => ModalityGap.Measure(matrix, rows, pairing), cancellationToken).ConfigureAwait(false);
            figures.AddRange(GapRecord.Figures(moment, measured));
            progress.Add(1);
        }

        var map = Map(settings.Seed, before.Ids, matrix, beforeRows, afterRows);
        var content = JsonSerializer.SerializeToUtf8Bytes(map, StageJson.Options);
        await store.PutBytes(MapKey(stage.Key), content, PutCondition.Always, cancellationToken).ConfigureAwait(false);
        var sha = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));
        return new WorkResult { Figures = figures, Files = [new StageFile(MapKey(stage.Key), content.Length, sha)] };
    }

    private static async Task<(IReadOnlyList<string> Ids, float[][] Rows)> Generated(
        IObjectStore store, Keys.ArtifactKey features, Dictionary<string, float[]> real, CancellationToken cancellationToken)
    {
        var rows = Rows(await FeatureStore.Load(store, features, "embeddings", cancellationToken).ConfigureAwait(false)).ToArray();
        // The first image of each caption: the gap is one of pairs.
        var paired = rows.Where(pair => real.ContainsKey(PictureId.CaptionOf(pair.Id)) && pair.Id == PictureId.Generated(PictureId.CaptionOf(pair.Id), 0)).ToArray();
        return ([.. paired.Select(pair => PictureId.CaptionOf(pair.Id))], [.. paired.Select(pair => pair.Row)]);
    }

    private static IEnumerable<(string Id, float[] Row)> Rows(FeatureTable table)
    {
        var width = (int)table.Shape[^1];
        for (var i = 0; i < table.Ids.Length; i++)
        {
            var row = table.Values.AsSpan(i * width, width).ToArray();
            System.Numerics.Tensors.TensorPrimitives.Divide(row, System.Numerics.Tensors.TensorPrimitives.Norm(row), row);
            yield return (table.Ids[i], row);
        }
    }

    private static EmbeddingMap Map(int seed, IReadOnlyList<string> ids, EmbeddingMatrix real, EmbeddingMatrix before, EmbeddingMatrix after)
    {
        var all = new EmbeddingMatrix((float[])[.. real.Values.Span, .. before.Values.Span], real.Width);
        var axes = Pca.Fit(all);
        var points = new[] { (real, MapKind.Real), (before, MapKind.Generated), (after, MapKind.GeneratedAligned) }
            .SelectMany(set => axes.Project(set.Item1).Select((point, i) => new MapPoint(point[0], point[1], set.Item2, ids[i])));
        return new EmbeddingMap { Seed = seed, Explained = axes.Explained, Points = [.. points] };
    }
}
