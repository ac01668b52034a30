using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Contrastive;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;

namespace GmailCluster.Learning.Retrieval;

/// <summary>
/// CLIP's text tower tuned against frozen image embeddings with the symmetric InfoNCE over the global batch, at CLIP's own
/// temperature. With long captions and stretched positions it is Long-CLIP's task.
/// </summary>
// b rows of a rank, B rows of all, T tokens, P projection width.
public sealed class DualEncoderTask : ILearningTask
{
    private readonly ClipTextTower _tower;
    private readonly ArmData _data;
    private readonly Func<CaptionedItem, string> _caption;
    private readonly Dictionary<string, int[]> _ids = new(StringComparer.Ordinal);
    private readonly double _scale;
    private readonly IReadOnlyDictionary<string, byte[]> _tokenizerFiles;

    /// <summary>Makes the task; it owns the tower.</summary>
    /// <param name="tower">The text tower with its projection, stretched already if it is to be.</param>
    /// <param name="scale">exp(logit_scale) of the base model, held fixed.</param>
    /// <param name="tokenizer">The tower's tokenizer.</param>
    /// <param name="tokenizerFiles">Its files, which the result carries.</param>
    /// <param name="data">Captions and frozen image embeddings.</param>
    /// <param name="caption">Which caption to train on.</param>
    public DualEncoderTask(
        ClipTextTower tower, double scale, ITokenizer tokenizer, IReadOnlyDictionary<string, byte[]> tokenizerFiles, ArmData data, Func<CaptionedItem, string> caption)
    {
        ArgumentNullException.ThrowIfNull(tower);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(data);
        (_tower, _scale, _tokenizerFiles, _data, _caption) = (tower, scale, tokenizerFiles, data, caption);
        var length = (int)tower.Config.MaxPositionEmbeddings;
        foreach (var text in data.Items.Select(caption).Distinct(StringComparer.Ordinal))
        {
            _ids[text] = tokenizer.EncodePadded(text, length);
        }

        Parameters = FlatParameters.Adopt(TrainableParameters.Of(tower));
    }

    /// <inheritdoc/>
    public FlatParameters Parameters { get; }

    /// <inheritdoc/>
    public async Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(step);
        var batch = _data.Batch(step.Step);
        Tensor? embedded = null;
        try
        {
            embedded = await step.Compute(() => Embed(RankSlice.Of(batch, step)), cancellationToken).ConfigureAwait(false);
            var own = TensorRows.ToArray(embedded);
            var all = await step.AllGatherInRankOrder("text", own, cancellationToken).ConfigureAwait(false);
            var blocks = await step.Compute(() => Blocks(batch, step, all), cancellationToken).ConfigureAwait(false);
            var lse = await step.AllGatherInRankOrder("log-sum-exp", blocks, cancellationToken).ConfigureAwait(false);
            return await step.Compute(() => Backward(batch, step, embedded, all, lse, gradient), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            embedded?.Dispose();
        }
    }

    /// <inheritdoc/>
    /// <remarks>With CLIP's tokenizer, which is told of the positions that a stretched tower has.</remarks>
    public IReadOnlyDictionary<string, byte[]> Export() => ExportFolder.Join(
        ExportFolder.Files(folder => TextTowerFiles.Save(_tower, folder)),
        TokenizerFiles.WithMaximumLength(_tokenizerFiles, (int)_tower.Config.MaxPositionEmbeddings));

    /// <inheritdoc/>
    public void Dispose()
    {
        _tower.Dispose();
        Parameters.Dispose();
    }

    private Tensor Embed(IReadOnlyList<ArmSample> own)
    {
        using var scope = NewDisposeScope();
        var rows = own.SelectMany(sample => _ids[_caption(sample.Item)].Select(id => (long)id)).ToArray();
        var ids = TokenRows.Trimmed(rows, own.Count); // [b, T]
        return nn.functional.normalize(_tower.Encode(ids).Embedding, dim: -1).DetachFromDisposeScope(); // [b, P]
    }

    private float[] Blocks(IReadOnlyList<ArmSample> batch, RankStep step, float[] texts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (text, image) = Pair(batch, texts);
        var (row, column) = InfoNce.LogSumExps(RankRows.Of(text, step), image, RankRows.Of(image, step), text, _scale);
        return [.. TensorRows.ToArray(row), .. TensorRows.ToArray(column)];
    }

    private double Backward(IReadOnlyList<ArmSample> batch, RankStep step, Tensor embedded, float[] texts, float[] lse, Memory<float> gradient)
    {
        using var scope = NewDisposeScope();
        var (text, image) = Pair(batch, texts);
        var (row, column) = RankRows.LogSumExps(lse, term: 0, batch.Count, step.WorldSize);
        var part = InfoNce.Gradient(embedded.detach(), RankRows.Of(image, step), text, image, row, column, RankRows.Offset(text, step), _scale);
        Parameters.Differentiate([embedded], [part.OwnA], gradient.Span);
        return part.Share;
    }

    private static (Tensor Text, Tensor Image) Pair(IReadOnlyList<ArmSample> batch, float[] texts) =>
        (TensorRows.From(texts, batch.Count, texts.Length / batch.Count), FeatureRows.Of(batch, normalise: true)); // [B, P] each
}
