using GmailCluster.Data.Features;
using GmailCluster.Data.Images;
using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Pictures;
using GmailCluster.Learning.Work;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Lora;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Features;

/// <summary>
/// Frozen embeddings of a set, computed once and kept by key: pictures through CLIP, generated pictures through Gen-CLIP, or
/// captions through the text tower. Batches are cut by position, so the bytes do not depend on the slots.
/// </summary>
// B pictures of a batch, P projection width, N tokens of the image tower, C its width.
internal static class FeatureExtraction
{
    private const int BatchSize = 64;

    public static async Task<WorkResult> Run(IObjectStore store, ComputePool pool, Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        var settings = stage.SettingsAs<FeatureSettings>();
        var tables = settings.Text
            ? [await Captions(store, pool, settings, progress, cancellationToken).ConfigureAwait(false)]
            : await Images(store, pool, settings, progress, cancellationToken).ConfigureAwait(false);
        var files = new List<StageFile>();
        foreach (var table in tables)
        {
            files.AddRange(await FeatureStore.Save(store, stage.Key, table, cancellationToken).ConfigureAwait(false));
        }

        return new WorkResult { Files = files };
    }

    private static async Task<IReadOnlyList<FeatureTable>> Images(
        IObjectStore store, ComputePool pool, FeatureSettings settings, WorkProgress progress, CancellationToken cancellationToken)
    {
        var processor = ClipImageProcessor.Load(settings.ClipFolder);
        using var tower = ClipVisionTower.Load(settings.ClipFolder);
        using var adapter = settings.Adapter is { } key ? await LoadAdapter(store, key, tower, cancellationToken).ConfigureAwait(false) : null;
        tower.eval();
        var pictures = new List<Picture>();
        await foreach (var picture in PictureSets.Read(store, settings.Source, cancellationToken).ConfigureAwait(false))
        {
            pictures.Add(picture);
        }

        var batches = await Task.WhenAll(pictures.Chunk(BatchSize).Select(async batch =>
        {
            var rows = await pool.Run(() => Encode(batch, processor, tower, settings.PatchLayer), cancellationToken).ConfigureAwait(false);
            progress.Add(batch.Length);
            return rows;
        })).ConfigureAwait(false);

        var ids = pictures.Select(picture => picture.Id).ToArray();
        var tables = new List<FeatureTable> { Table("embeddings", ids, batches.Select(batch => batch.Embeddings), [tower.Config.ProjectionDim]) };
        if (settings.PatchLayer is not null)
        {
            tables.Add(Table("patches", ids, batches.Select(batch => batch.Patches), batches[0].PatchShape));
        }

        return tables;
    }

    private static async Task<FeatureTable> Captions(
        IObjectStore store, ComputePool pool, FeatureSettings settings, WorkProgress progress, CancellationToken cancellationToken)
    {
        var items = await PictureSets.Captions(store, settings.Source, cancellationToken).ConfigureAwait(false);
        using var clip = ClipModel.Load(settings.ClipFolder);
        var rows = await TextEncoding.Encode(pool, clip.Text, TokenizerFolder.Load(settings.ClipFolder), [.. items.Select(item => item.Caption)], progress, cancellationToken)
            .ConfigureAwait(false);
        return new FeatureTable("embeddings", [.. items.Select(item => item.Id)], rows, [items.Count, rows.Length / items.Count]);
    }

    private static async Task<LoraAdapter> LoadAdapter(IObjectStore store, Keys.ArtifactKey key, ClipVisionTower tower, CancellationToken cancellationToken)
    {
        using var folder = await LocalCopy.OfRun(store, key, cancellationToken).ConfigureAwait(false);
        return LoraAdapter.Load(tower, folder.Path);
    }

    private static EncodedBatch Encode(Picture[] batch, ClipImageProcessor processor, ClipVisionTower tower, int? patchLayer)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var output = tower.Encode(PictureTensors.Of(batch, processor), withHiddenStates: patchLayer is not null);
        var embeddings = TensorRows.ToArray(output.Embedding); // [B, P]
        if (patchLayer is not { } layer)
        {
            return new EncodedBatch(embeddings, [], []);
        }

        var patches = PatchFeatures.Of(output.HiddenStates, layer); // [B, N - 1, C]
        return new EncodedBatch(embeddings, TensorRows.ToArray(patches), [.. patches.shape.Skip(1)]);
    }

    private static FeatureTable Table(string name, string[] ids, IEnumerable<float[]> batches, IEnumerable<long> shape) =>
        new(name, ids, [.. batches.SelectMany(batch => batch)], [ids.Length, .. shape]);

    private sealed record EncodedBatch(float[] Embeddings, float[] Patches, long[] PatchShape);
}
