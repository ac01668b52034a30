using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Captioning;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Llama;
using GmailCluster.Models.Llava;
using GmailCluster.Models.Lora;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Llava;

/// <summary>
/// LLaVA (arXiv 2304.08485) as a captioner: frozen patch features go through the projector into Llama; the projector and Llama, or
/// a LoRA on it, are tuned on the answer's tokens. The loss is the mean over the answer tokens of the global batch.
/// </summary>
public sealed class LlavaTask : ILearningTask
{
    private const long Ignored = -100;

    private readonly LlavaModel _model;
    private readonly LoraAdapter? _adapter;
    private readonly ArmData _data;
    private readonly LlavaPrompt _prompt;
    private readonly CaptionTokens _answers;
    private readonly IReadOnlyDictionary<string, byte[]> _companions;
    private readonly BackwardStages _stages;

    private LlavaTask(
        LlavaModel model, LoraAdapter? adapter, LlavaPrompt prompt, CaptionTokens answers, ArmData data, IReadOnlyDictionary<string, byte[]> companions)
    {
        (_model, _adapter, _prompt, _answers, _data, _companions) = (model, adapter, prompt, answers, data, companions);
        var language = adapter?.TrainableParameters ?? TrainableParameters.Of(model.LanguageModel, "language_model.");
        Parameters = FlatParameters.Adopt(TrainableParameters.Of(model.Projector, "multi_modal_projector.").Concat(language));
        _stages = new BackwardStages(Parameters, model.LanguageModel.Config.NumHiddenLayers);
    }

    /// <inheritdoc/>
    public FlatParameters Parameters { get; }

    /// <summary>Makes the task from folders.</summary>
    /// <param name="clipFolder">CLIP, whose image tower the checkpoint carries.</param>
    /// <param name="languageModelFolder">Llama and its tokenizer.</param>
    /// <param name="data">Captions and frozen patch features.</param>
    /// <param name="spec">Layer, prompt, lengths.</param>
    /// <param name="generator">The projector's initial values, and the adapter's.</param>
    public static LlavaTask Create(string clipFolder, string languageModelFolder, ArmData data, LlavaSpec spec, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(spec);
        var tokenizer = TokenizerFolder.Load(languageModelFolder);
        var config = new LlavaConfig { ImageTokenIndex = LlavaPrompt.ImageToken(tokenizer), VisionFeatureLayer = [spec.FeatureLayer] };
        var model = LlavaModel.Create(config, ClipVisionTower.Load(clipFolder), LlamaModel.Load(languageModelFolder), generator);
        var adapter = spec.Lora is { } lora
            ? LoraAdapter.Attach(model.LanguageModel, LoraConfig.For(lora.Rank, lora.Alpha, lora.TargetModules), generator)
            : null;
        var answers = new CaptionTokens(tokenizer, data.Items.Select(item => item.Caption), spec.MaxTokens, prefix: " ");
        var prompt = new LlavaPrompt(tokenizer, spec.Prompt, model.ImageToken, model.FeaturesPerImage);
        return new LlavaTask(model, adapter, prompt, answers, data, LlavaCompanions.Of(model, clipFolder, languageModelFolder, tokenizer, spec));
    }

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
                var features = FeatureRows.Of(own, normalise: false); // [b, N, W]
                var (ids, labels, mask) = Rows(own); // [b, T]
                var globalTokens = batch.Sum(sample => _answers.Count(sample.Item.Caption));
                using var backward = _stages.Begin();
                var loss = _model.Loss(features, ids, labels, mask, boundary: backward.Cut).Sum / globalTokens;
                step.Differentiate(backward, [loss], null, gradient, cancellationToken);
                return (double)loss.item<float>();
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// An adapter is merged: the folder is a whole LlavaForConditionalGeneration with its tokenizer and processor. Call it once, after the
    /// last step.
    /// </remarks>
    public IReadOnlyDictionary<string, byte[]> Export()
    {
        _adapter?.Merge();
        return ExportFolder.Join(_model.Export(), _companions);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _adapter?.Dispose();
        _model.Dispose();
        Parameters.Dispose();
    }

    private (Tensor Ids, Tensor Labels, Tensor Mask) Rows(IReadOnlyList<ArmSample> own)
    {
        var rows = own.Select(sample => _answers.Of(sample.Item.Caption)).ToArray();
        var width = _prompt.Ids.Count + rows.Max(row => row.Length);
        var ids = new long[rows.Length * width];
        var labels = new long[ids.Length];
        var mask = new long[ids.Length];
        Array.Fill(labels, Ignored);
        for (var r = 0; r < rows.Length; r++)
        {
            for (var t = 0; t < _prompt.Ids.Count + rows[r].Length; t++)
            {
                var at = (r * width) + t;
                var answer = t - _prompt.Ids.Count;
                ids[at] = answer < 0 ? _prompt.Ids[t] : rows[r][answer];
                labels[at] = answer < 0 ? Ignored : rows[r][answer];
                mask[at] = 1;
            }
        }

        return (tensor(ids, [rows.Length, width]), tensor(labels, [rows.Length, width]), tensor(mask, [rows.Length, width]));
    }
}
