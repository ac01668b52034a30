using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Contrastive;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;
using static TorchSharp.torch;

namespace GmailCluster.Bench.Cases;

/// <summary>CLIP's own training step: both towers, the symmetric InfoNCE of the global batch at a fixed temperature.</summary>
// b rows of a rank, B rows of all, P projection width.
internal sealed class ClipTraining : ILearningTask
{
    private const double Scale = 14;

    private readonly ClipModel _model;
    private readonly (Tensor Pixels, Tensor Ids) _batch;
    private readonly int _size;
    private readonly BackwardStages _stages;

    public ClipTraining(BenchCase item)
    {
        _model = RandomWeights.Fill(new ClipModel(ClipConfig.Read(item.ConfigPath)));
        _size = item.Batch;
        _batch = ClipInputs.Of(_model.Config, item.Batch, seed: 0);
        Parameters = FlatParameters.Adopt(TrainableParameters.Of(_model.Vision).Concat(TrainableParameters.Of(_model.Text)));
        _stages = new BackwardStages(Parameters, _model.Text.Config.NumHiddenLayers);
    }

    public FlatParameters Parameters { get; }

    public async Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken)
    {
        using var backward = _stages.Begin();
        var (image, text) = await step.Compute(() => Embed(step, backward), cancellationToken).ConfigureAwait(false);
        using (image)
        using (text)
        {
            var images = await step.AllGatherInRankOrder("image", TensorRows.ToArray(image), cancellationToken).ConfigureAwait(false);
            var texts = await step.AllGatherInRankOrder("text", TensorRows.ToArray(text), cancellationToken).ConfigureAwait(false);
            var own = await step.Compute(() => LogSumExps(step, images, texts), cancellationToken).ConfigureAwait(false);
            var lse = await step.AllGatherInRankOrder("log-sum-exp", own, cancellationToken).ConfigureAwait(false);
            return await step.Compute(
                () =>
                {
                    using var scope = NewDisposeScope();
                    var part = Gradients(step, image, text, images, texts, lse);
                    step.Differentiate(backward, [image, text], [part.OwnA, part.OwnB], gradient, cancellationToken);
                    return part.Share;
                },
                cancellationToken).ConfigureAwait(false);
        }
    }

    public IReadOnlyDictionary<string, byte[]> Export() => throw new NotSupportedException("A benchmark leaves nothing.");

    public void Dispose()
    {
        _model.Dispose();
        _batch.Pixels.Dispose();
        _batch.Ids.Dispose();
        Parameters.Dispose();
    }

    private (Tensor Image, Tensor Text) Embed(RankStep step, StagedBackward backward)
    {
        using var scope = NewDisposeScope();
        var image = nn.functional.normalize(_model.Vision.Encode(RankRows.Of(_batch.Pixels, step), boundary: backward.Cut).Embedding, dim: -1); // [b, P]
        var text = nn.functional.normalize(_model.Text.Encode(RankRows.Of(_batch.Ids, step), boundary: backward.Cut).Embedding, dim: -1);       // [b, P]
        return (image.DetachFromDisposeScope(), text.DetachFromDisposeScope());
    }

    private float[] LogSumExps(RankStep step, float[] images, float[] texts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (image, text) = (Rows(images), Rows(texts));
        var (row, column) = InfoNce.LogSumExps(RankRows.Of(image, step), text, RankRows.Of(text, step), image, Scale);
        return [.. TensorRows.ToArray(row), .. TensorRows.ToArray(column)];
    }

    private InfoNcePart Gradients(RankStep step, Tensor image, Tensor text, float[] images, float[] texts, float[] lse)
    {
        var (allImages, allTexts) = (Rows(images), Rows(texts));
        var (row, column) = RankRows.LogSumExps(lse, term: 0, _size, step.WorldSize);
        return InfoNce.Gradient(image.detach(), text.detach(), allImages, allTexts, row, column, RankRows.Offset(allImages, step), Scale);
    }

    private Tensor Rows(float[] values) => TensorRows.From(values, _size, values.Length / _size); // [B, P]
}
