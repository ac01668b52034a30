using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.ClipCap;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Captioning;

/// <summary>
/// CLIPCap (arXiv 2111.09734): a mapping network turns a frozen image embedding into a prefix for GPT-2; both are tuned on the
/// caption's tokens. The loss is the mean over the tokens of the global batch, whatever part of them a rank has.
/// </summary>
public sealed class CaptionTask : ILearningTask
{
    private readonly ClipCapModel _model;
    private readonly ArmData _data;
    private readonly CaptionTokens _tokens;
    private readonly CaptioningFile _captioning;
    private readonly IReadOnlyDictionary<string, byte[]> _tokenizerFiles;
    private readonly BackwardStages _stages;

    /// <summary>Makes the task; it owns the model.</summary>
    /// <param name="model">Mapping network and language model.</param>
    /// <param name="tokenizer">The language model's.</param>
    /// <param name="tokenizerFiles">Its files, which the result carries.</param>
    /// <param name="data">Captions and frozen image embeddings.</param>
    /// <param name="spec">Lengths, what is tuned.</param>
    public CaptionTask(ClipCapModel model, ITokenizer tokenizer, IReadOnlyDictionary<string, byte[]> tokenizerFiles, ArmData data, CaptionSpec spec)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(spec);
        (_model, _tokenizerFiles, _data) = (model, tokenizerFiles, data);
        _captioning = new CaptioningFile { MaxTokens = spec.MaxTokens, Beams = spec.Beams };
        _tokens = new CaptionTokens(tokenizer, data.Items.Select(item => item.Caption), spec.MaxTokens);
        Parameters = FlatParameters.Adopt(TrainableParameters.Of(spec.TuneLanguageModel ? model : model.Mapper, spec.TuneLanguageModel ? "" : "clip_project."));
        _stages = new BackwardStages(Parameters, model.LanguageModel.Config.NLayer);
    }

    /// <inheritdoc/>
    public FlatParameters Parameters { get; }

    /// <inheritdoc/>
    public Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step.Compute(
            () =>
            {
                using var scope = NewDisposeScope();
                var batch = _data.Batch(step.Step);
                var own = RankSlice.Of(batch, step);
                var embeddings = FeatureRows.Of(own, _model.Config.NormalizePrefix); // [b, P]
                var (ids, mask) = _tokens.Rows(own.Select(sample => sample.Item.Caption)); // [b, T]
                var globalTokens = batch.Sum(sample => _tokens.Count(sample.Item.Caption));
                using var backward = _stages.Begin();
                var loss = _model.Loss(embeddings, ids, mask, boundary: backward.Cut).Sum / globalTokens;
                step.Differentiate(backward, [loss], null, gradient, cancellationToken);
                return (double)loss.item<float>();
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>With the language model's tokenizer and how it was asked, so that the folder captions pictures without anything else.</remarks>
    public IReadOnlyDictionary<string, byte[]> Export() => ExportFolder.Join(
        _model.Export(),
        _tokenizerFiles.ToDictionary(file => $"{ClipCapModel.LanguageModelFolder}/{file.Key}", file => file.Value),
        _captioning.ToFiles());

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        Parameters.Dispose();
    }
}
