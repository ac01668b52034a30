using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Layers;
using GmailCluster.Models.Llama;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llava;

/// <summary>
/// LLaVA (arXiv 2304.08485, 2310.03744): patch features of CLIP's image tower go through a projector into the places of Llama's
/// image tokens. transformers' LlavaForConditionalGeneration. It keeps no state between calls, so threads may share it.
/// </summary>
/// <remarks>
/// Where the image tower stays as it is, compute <see cref="ImageFeatures"/> once and keep them: everything else starts from there.
/// </remarks>
// B rows, T tokens, I images in the order of their tokens, N features an image, W feature width, C the language model's width, V vocabulary.
public sealed class LlavaModel : nn.Module
{
    [ComponentName(Name = "vision_tower")] private readonly ClipVisionTower _visionTower;
    [ComponentName(Name = "multi_modal_projector")] private readonly LlavaProjector _projector;
    [ComponentName(Name = "language_model")] private readonly LlamaModel _languageModel;

    internal LlavaModel(LlavaConfig config, ClipVisionTower visionTower, LlamaModel languageModel)
        : base(nameof(LlavaModel))
    {
        (Config, _visionTower, _languageModel) = (config, visionTower, languageModel);
        _projector = new LlavaProjector(config);
        RegisterComponents();
        Layer.DetachFromDisposeScope(this);
    }

    /// <summary>Sizes and settings.</summary>
    public LlavaConfig Config { get; }

    /// <summary>The image tower.</summary>
    public ClipVisionTower VisionTower => _visionTower;

    /// <summary>The projector.</summary>
    public nn.Module<Tensor, Tensor> Projector => _projector;

    /// <summary>The language model.</summary>
    public LlamaModel LanguageModel => _languageModel;

    /// <summary>The token in whose places features go.</summary>
    public int ImageToken => Config.ImageToken;

    /// <summary>N: image tokens of a picture.</summary>
    public int FeaturesPerImage => Config.FeaturesPerImage;

    /// <summary>Reads a LlavaForConditionalGeneration folder, whichever transformers wrote it.</summary>
    /// <exception cref="Errors.InputException">A file is missing or malformed, or config and weights differ.</exception>
    public static LlavaModel Load(string folder) => LlavaCheckpoint.Load(folder);

    /// <summary>A new projector between an image tower and a language model, which belong to this model from now on.</summary>
    /// <param name="config">Image token, feature layer, strategy, projector; the towers' configs are taken from the towers.</param>
    /// <param name="visionTower">With or without its projection, which is not used and not saved.</param>
    /// <param name="languageModel">The language model.</param>
    /// <param name="generator">All initial values come from it, in a fixed order: the same seed gives the same projector.</param>
    public static LlavaModel Create(LlavaConfig config, ClipVisionTower visionTower, LlamaModel languageModel, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(visionTower);
        ArgumentNullException.ThrowIfNull(languageModel);
        ArgumentNullException.ThrowIfNull(generator);
        config = config with { VisionConfig = visionTower.Config, TextConfig = languageModel.Config };
        config.Validate("the model to make");
        var model = new LlavaModel(config, visionTower, languageModel);
        Layer.Initialize(model._projector, generator);
        return model;
    }

    /// <summary>Writes such a folder, in float32.</summary>
    public void Save(string folder) => CheckpointFile.WriteAll(folder, LlavaCheckpoint.Files(this));

    /// <summary>What <see cref="Save"/> writes, by relative path.</summary>
    public IReadOnlyDictionary<string, byte[]> Export() => CheckpointFile.ReadAll(LlavaCheckpoint.Files(this));

    /// <summary>Puts as many image tokens as there are features in the place of each single one.</summary>
    public IReadOnlyList<int> ExpandImageTokens(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return [.. ids.SelectMany(id => Enumerable.Repeat(id, id == ImageToken ? FeaturesPerImage : 1))];
    }

    /// <summary>The image tower's hidden states that the config names.</summary>
    /// <param name="pixels">[I, 3, H, W].</param>
    /// <returns>[I, N, W].</returns>
    public Tensor ImageFeatures(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        var states = _visionTower.Encode(pixels, withHiddenStates: true).HiddenStates;
        var read = cat([.. Config.VisionFeatureLayer.Select(layer => states[layer < 0 ? states.Count + layer : layer])], dim: -1); // [I, 1 + patches, W]
        var first = Config.HasClassToken ? 0 : 1;
        return read.narrow(1, first, read.shape[1] - first).MoveToOuterDisposeScope();
    }

    /// <summary>Token embeddings, with projected features in the image tokens' places.</summary>
    /// <param name="features">[I, N, W].</param>
    /// <param name="ids">[B, T]; I * N of them are the image token.</param>
    /// <returns>[B, T, C].</returns>
    public Tensor Embed(Tensor features, Tensor ids)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(ids);
        Shapes.Require(features, nameof(features), null, null, Config.FeatureWidth);
        Shapes.Require(ids, nameof(ids), null, null);
        using var scope = NewDisposeScope();
        var isImage = ids.eq(ImageToken); // [B, T]
        var (places, wanted) = (isImage.sum().item<long>(), features.shape[0] * features.shape[1]);
        if (places != wanted)
        {
            throw new ArgumentException(
                $"ids: hold {places} image tokens (id {ImageToken}), but {features.shape[0]} images have {wanted} features; ExpandImageTokens makes one token a feature", nameof(ids));
        }

        var text = _languageModel.Embed(ids.masked_fill(isImage, 0)); // the image token itself may lie outside the table
        return text.masked_scatter(isImage.unsqueeze(-1), _projector.forward(features)).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of every position.</summary>
    /// <param name="features">[I, N, W], from <see cref="ImageFeatures"/>.</param>
    /// <param name="ids">[B, T].</param>
    /// <param name="attentionMask">[B, T], 0 at padding; null: none.</param>
    /// <returns>[B, T, V].</returns>
    public Tensor forward(Tensor features, Tensor ids, Tensor? attentionMask = null)
    {
        using var scope = NewDisposeScope();
        return _languageModel.forward(Embed(features, ids), attentionMask).MoveToOuterDisposeScope();
    }

    /// <summary>Next-token cross-entropy.</summary>
    /// <param name="features">[I, N, W], from <see cref="ImageFeatures"/>.</param>
    /// <param name="ids">[B, T].</param>
    /// <param name="labels">[B, T], unshifted; -100 is not counted, and padding neither.</param>
    /// <param name="attentionMask">[B, T], 0 at padding; null: none.</param>
    /// <param name="dropout">Draws the language model's dropout; null: none.</param>
    /// <param name="boundary">Sees the states between the language model's layers; null: nobody.</param>
    /// <returns>Sum and number of the counted tokens.</returns>
    public TokenLoss Loss(
        Tensor features, Tensor ids, Tensor labels, Tensor? attentionMask = null, Generator? dropout = null, LayerBoundary? boundary = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(labels);
        Shapes.Require(labels, nameof(labels), ids.shape[0], ids.shape[1]);
        using var scope = NewDisposeScope();
        if (attentionMask is not null)
        {
            Shapes.Require(attentionMask, nameof(attentionMask), ids.shape[0], ids.shape[1]);
            var real = attentionMask.ne(0);
            labels = labels.masked_fill(real.logical_not(), CausalLoss.Ignored);
            if (RightPadding.Is(real, out var length))
            {
                (ids, labels, attentionMask) = (ids.narrow(1, 0, length), labels.narrow(1, 0, length), null);
            }
        }

        var hidden = _languageModel.HiddenStates(Embed(features, ids), attentionMask, dropout: dropout, boundary: boundary);
        var loss = CausalLoss.Shifted(_languageModel, hidden, labels);
        return loss with { Sum = loss.Sum.MoveToOuterDisposeScope() };
    }

    /// <summary>Answers prompts about images.</summary>
    /// <param name="features">[I, N, W], from <see cref="ImageFeatures"/>.</param>
    /// <param name="promptIds">[B, T], image tokens expanded.</param>
    /// <param name="options">How to search; <c>LanguageModel.Generation.Options(...)</c> ends answers as the language model does.</param>
    /// <param name="attentionMask">[B, T], 0 at padding, which must stand on the left; null: none.</param>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <returns>The new ids, [B, N]; see <see cref="Decoder.Generate"/>. <see cref="Decoder.WithoutEnd"/> cuts them.</returns>
    public Tensor Generate(
        Tensor features, Tensor promptIds, GenerationOptions options, Tensor? attentionMask = null, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Decoder.Generate(_languageModel, Embed(features, promptIds), options, attentionMask, cancellationToken).MoveToOuterDisposeScope();
    }
}
