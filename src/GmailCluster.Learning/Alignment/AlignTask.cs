using GmailCluster.Data.Images;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Features;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Lora;

namespace GmailCluster.Learning.Alignment;

/// <summary>
/// Gen-CLIP: a LoRA on CLIP's image tower, trained on generated images only so that their embeddings fall where CLIP puts the
/// real picture of the same caption (GMAIL, section 3.2). Real embeddings and captions are frozen; nothing but the adapter moves.
/// </summary>
// b rows of a rank, B rows of all, P projection width, N patches, C tower width.
public sealed class AlignTask : ILearningTask
{
    private readonly ClipVisionTower _tower;
    private readonly LoraAdapter _adapter;
    private readonly ClipImageProcessor _processor;
    private readonly AlignData _data;
    private readonly AlignLoss _loss;
    private readonly int _patchLayer;
    private readonly BackwardStages _stages;

    /// <summary>Makes the task; it owns the tower and its adapter.</summary>
    /// <param name="tower">CLIP's image tower with the adapter attached.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="processor">The tower's preprocessing.</param>
    /// <param name="data">Generated images and the frozen features of their captions and real pictures.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="patchLayer">The hidden state of the patch terms; negative counts from the end.</param>
    public AlignTask(ClipVisionTower tower, LoraAdapter adapter, ClipImageProcessor processor, AlignData data, AlignLoss loss, int patchLayer)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        (_tower, _adapter, _processor, _data, _loss, _patchLayer) = (tower, adapter, processor, data, loss, patchLayer);
        Parameters = FlatParameters.Adopt(adapter.TrainableParameters);
        _stages = new BackwardStages(Parameters, CutLayers);
    }

    /// <inheritdoc/>
    public FlatParameters Parameters { get; }

    /// <inheritdoc/>
    public async Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(step);
        var batch = _data.Batch(step.Step);
        using var backward = _stages.Begin();
        AlignOutputs? own = null;
        try
        {
            own = await step.Compute(() => Embed(RankSlice.Of(batch, step), batch.Count, backward), cancellationToken).ConfigureAwait(false);
            var gathered = new GatheredRows(
                await step.AllGatherInRankOrder("embeddings", TensorRows.ToArray(own.Embeddings), cancellationToken).ConfigureAwait(false),
                await Gather(step, "patches", own.Patches, cancellationToken).ConfigureAwait(false),
                await Gather(step, "patch means", own.PatchMeans, cancellationToken).ConfigureAwait(false));
            var blocks = await step.Compute(() => OwnBlocks(batch, step, gathered), cancellationToken).ConfigureAwait(false);
            var lse = await step.AllGatherInRankOrder("log-sum-exp", blocks, cancellationToken).ConfigureAwait(false);
            return await step.Compute(
                () =>
                {
                    using var scope = NewDisposeScope();
                    var (share, outputs, gradients) = _loss.OwnGradients(Rows(batch, gathered), own, lse, step.Rank, step.WorldSize);
                    step.Differentiate(backward, outputs, gradients, gradient, cancellationToken);
                    return share;
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            own?.Dispose();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, byte[]> Export() => ExportFolder.Files(_adapter.Save);

    /// <inheritdoc/>
    public void Dispose()
    {
        _adapter.Dispose();
        _tower.Dispose();
        Parameters.Dispose();
    }

    // The patch terms read a layer's states: they must lie above every cut.
    private int CutLayers
    {
        get
        {
            var layers = _tower.Config.NumHiddenLayers;
            return !_loss.NeedsPatches ? layers : _patchLayer < 0 ? layers + 1 + _patchLayer : _patchLayer;
        }
    }

    // The whole graph is built in this one phase. libtorch numbers its nodes by a counter of the thread, and sums the gradients that
    // meet at a tensor in the order of those numbers: a graph begun on one slot and continued on another would sum in an order that
    // depends on which slots they were.
    private AlignOutputs Embed(IReadOnlyList<AlignSample> own, int globalCount, StagedBackward backward)
    {
        using var scope = NewDisposeScope();
        var pixels = PictureTensors.Of([.. own.Select(sample => sample.Picture)], _processor); // [b, 3, H, W]
        var output = _tower.Encode(pixels, withHiddenStates: _loss.NeedsPatches, backward.Cut);
        var embeddings = nn.functional.normalize(output.Embedding, dim: -1).DetachFromDisposeScope(); // [b, P]
        if (!_loss.NeedsPatches)
        {
            return new AlignOutputs(embeddings, null, null, null);
        }

        var patches = PatchFeatures.Of(output.HiddenStates, _patchLayer); // [b, N, C]
        return new AlignOutputs(
            embeddings,
            _loss.PatchCosine(patches, RealPatches(own)!, globalCount).DetachFromDisposeScope(),
            AlignLoss.UnitPatches(patches).DetachFromDisposeScope(),
            AlignLoss.MeanPatch(patches).DetachFromDisposeScope());
    }

    private float[] OwnBlocks(IReadOnlyList<AlignSample> batch, RankStep step, GatheredRows gathered)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return _loss.OwnLogSumExps(Rows(batch, gathered), step.Rank, step.WorldSize);
    }

    private AlignRows Rows(IReadOnlyList<AlignSample> batch, GatheredRows gathered)
    {
        var real = nn.functional.normalize(FeatureRows(_data.Real, batch, sample => sample.RealRow), dim: -1);
        var text = nn.functional.normalize(FeatureRows(_data.Text, batch, sample => sample.TextRow), dim: -1);
        var generated = TensorRows.From(gathered.Embeddings, batch.Count, gathered.Embeddings.Length / batch.Count);
        if (gathered.Patches is null || gathered.PatchMeans is null)
        {
            return new AlignRows(generated, real, text, null, null, null, null);
        }

        var realPatches = RealPatches(batch)!; // [B, N, C]
        return new AlignRows(
            generated, real, text,
            TensorRows.From(gathered.Patches, realPatches.shape), AlignLoss.UnitPatches(realPatches),
            TensorRows.From(gathered.PatchMeans, batch.Count, realPatches.shape[2]), AlignLoss.MeanPatch(realPatches));
    }

    private static async Task<float[]?> Gather(RankStep step, string name, Tensor? own, CancellationToken cancellationToken) =>
        own is null ? null : await step.AllGatherInRankOrder(name, TensorRows.ToArray(own), cancellationToken).ConfigureAwait(false);

    private Tensor? RealPatches(IReadOnlyList<AlignSample> samples) =>
        _loss.NeedsPatches ? FeatureRows(_data.Patches!, samples, sample => sample.RealRow) : null; // [b, N, C]

    private static Tensor FeatureRows(Data.Features.FeatureTable table, IReadOnlyList<AlignSample> samples, Func<AlignSample, int> row)
    {
        var width = table.Values.Length / table.Ids.Length;
        var values = new float[samples.Count * width];
        for (var i = 0; i < samples.Count; i++)
        {
            table.Values.AsSpan(row(samples[i]) * width, width).CopyTo(values.AsSpan(i * width));
        }

        return TensorRows.From(values, [samples.Count, .. table.Shape.Skip(1)]);
    }

    private sealed record GatheredRows(float[] Embeddings, float[]? Patches, float[]? PatchMeans);
}
