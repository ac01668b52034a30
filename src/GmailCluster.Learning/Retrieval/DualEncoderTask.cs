using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Contrastive;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Numerics;

namespace GmailCluster.Learning.Retrieval;

/// <summary>
/// CLIP's text tower tuned against frozen image embeddings with the symmetric InfoNCE over the global batch, at CLIP's own
/// temperature. With long captions and stretched positions it is Long-CLIP's task (arXiv 2403.15378), to which its second loss may be
/// added: short captions against what the leading principal components of the global batch's image embeddings hold.
/// </summary>
// b rows of a rank, B rows of all, T tokens, P projection width.
public sealed class DualEncoderTask : ILearningTask
{
    // Long-CLIP's own number (section 3.2).
    private const int ShortComponents = 32;

    private readonly ClipTextTower _tower;
    private readonly ArmData _data;
    private readonly IReadOnlyList<Term> _terms;
    private readonly Dictionary<string, int[]> _ids = new(StringComparer.Ordinal);
    private readonly double _scale;
    private readonly IReadOnlyDictionary<string, byte[]> _tokenizerFiles;
    private readonly BackwardStages _stages;

    /// <summary>Makes the task; it owns the tower.</summary>
    /// <param name="tower">The text tower with its projection, stretched already if it is to be.</param>
    /// <param name="scale">exp(logit_scale) of the base model, held fixed.</param>
    /// <param name="tokenizer">The tower's tokenizer.</param>
    /// <param name="tokenizerFiles">Its files, which the result carries.</param>
    /// <param name="data">Captions and frozen image embeddings.</param>
    /// <param name="caption">Which caption to train on.</param>
    /// <param name="shortWeight">Weight of the loss of short captions; 0 leaves it out.</param>
    public DualEncoderTask(
        ClipTextTower tower, double scale, ITokenizer tokenizer, IReadOnlyDictionary<string, byte[]> tokenizerFiles, ArmData data,
        Func<CaptionedItem, string> caption, double shortWeight = 0)
    {
        ArgumentNullException.ThrowIfNull(tower);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(data);
        (_tower, _scale, _tokenizerFiles, _data) = (tower, scale, tokenizerFiles, data);
        var whole = new Term("text", caption, 1, image => image.alias());
        var brief = new Term("short text", item => item.Caption, shortWeight, image => PrincipalComponents.Reconstruct(image, ShortComponents));
        _terms = shortWeight > 0 ? [whole, brief] : [whole];
        var length = (int)tower.Config.MaxPositionEmbeddings;
        foreach (var text in _terms.SelectMany(term => data.Items.Select(term.Caption)).Distinct(StringComparer.Ordinal))
        {
            _ids[text] = tokenizer.EncodePadded(text, length);
        }

        Parameters = FlatParameters.Adopt(TrainableParameters.Of(tower));
        _stages = new BackwardStages(Parameters, tower.Config.NumHiddenLayers);
    }

    /// <inheritdoc/>
    public FlatParameters Parameters { get; }

    /// <inheritdoc/>
    public async Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(step);
        var batch = _data.Batch(step.Step);
        using var backward = _stages.Begin();
        IReadOnlyList<Tensor> embedded = [];
        try
        {
            embedded = await step.Compute(() => Embed(RankSlice.Of(batch, step), backward), cancellationToken).ConfigureAwait(false);
            var all = new float[_terms.Count][];
            for (var i = 0; i < all.Length; i++)
            {
                all[i] = await step.AllGatherInRankOrder(_terms[i].Name, TensorRows.ToArray(embedded[i]), cancellationToken).ConfigureAwait(false);
            }

            var blocks = await step.Compute(() => Blocks(batch, step, all), cancellationToken).ConfigureAwait(false);
            var lse = await step.AllGatherInRankOrder("log-sum-exp", blocks, cancellationToken).ConfigureAwait(false);
            return await step.Compute(
                () =>
                {
                    using var scope = NewDisposeScope();
                    var (share, gradients) = Gradients(batch, step, embedded, all, lse);
                    step.Differentiate(backward, embedded, gradients, gradient, cancellationToken);
                    return share;
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (var term in embedded)
            {
                term.Dispose();
            }
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

    private IReadOnlyList<Tensor> Embed(IReadOnlyList<ArmSample> own, StagedBackward backward) => [.. _terms.Select(term => Embed(own, term, backward))];

    private Tensor Embed(IReadOnlyList<ArmSample> own, Term term, StagedBackward backward)
    {
        using var scope = NewDisposeScope();
        var rows = own.SelectMany(sample => _ids[term.Caption(sample.Item)].Select(id => (long)id)).ToArray();
        var ids = TokenRows.Trimmed(rows, own.Count); // [b, T]
        return nn.functional.normalize(_tower.Encode(ids, boundary: backward.Cut).Embedding, dim: -1).DetachFromDisposeScope(); // [b, P]
    }

    private float[] Blocks(IReadOnlyList<ArmSample> batch, RankStep step, float[][] texts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return [.. _terms.Zip(texts).SelectMany(pair =>
        {
            var (text, image) = Pair(batch, pair.First, pair.Second);
            var (row, column) = InfoNce.LogSumExps(RankRows.Of(text, step), image, RankRows.Of(image, step), text, _scale);
            return (float[])[.. TensorRows.ToArray(row), .. TensorRows.ToArray(column)];
        })];
    }

    private (double Share, IReadOnlyList<Tensor> Gradients) Gradients(
        IReadOnlyList<ArmSample> batch, RankStep step, IReadOnlyList<Tensor> embedded, float[][] texts, float[] lse)
    {
        var gradients = new List<Tensor>();
        var share = 0.0;
        foreach (var (i, term) in _terms.Index())
        {
            var (text, image) = Pair(batch, term, texts[i]);
            var (row, column) = RankRows.LogSumExps(lse, i, batch.Count, step.WorldSize);
            var part = InfoNce.Gradient(embedded[i].detach(), RankRows.Of(image, step), text, image, row, column, RankRows.Offset(text, step), _scale);
            gradients.Add(part.OwnA * term.Weight);
            share += part.Share * term.Weight;
        }

        return (share, gradients);
    }

    private static (Tensor Text, Tensor Image) Pair(IReadOnlyList<ArmSample> batch, Term term, float[] texts) =>
        (TensorRows.From(texts, batch.Count, texts.Length / batch.Count), term.Image(FeatureRows.Of(batch, normalise: true))); // [B, P] each

    /// <summary>One InfoNCE: which caption, with what weight, against what of the image embeddings [B, P].</summary>
    private sealed record Term(string Name, Func<CaptionedItem, string> Caption, double Weight, Func<Tensor, Tensor> Image);
}
