using System.Text.Json;
using System.Text.Json.Serialization;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Llama;

namespace GmailCluster.Models.Llava;

/// <summary>The <c>config.json</c> of a LlavaForConditionalGeneration over CLIP and Llama. Absent fields are as in transformers' LlavaConfig.</summary>
public sealed record LlavaConfig
{
    private const int DefaultImageToken = 32000;

    /// <summary>Always <c>llava</c>.</summary>
    public string ModelType { get; init; } = "llava";

    /// <summary>The class that reads the folder in Python.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = ["LlavaForConditionalGeneration"];

    /// <summary>The type the weights are stored in; here everything is computed in float32.</summary>
    public string? Dtype { get; init; }

    /// <summary>The token in whose places image features go.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ImageTokenIndex { get; init; }

    /// <summary>Another name of <see cref="ImageTokenIndex"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ImageTokenId { get; init; }

    /// <summary>Image tokens of a picture, as processors count them.</summary>
    public int ImageSeqLength { get; init; } = 576;

    /// <summary>Activation between the projector's layers.</summary>
    public string ProjectorHiddenAct { get; init; } = "gelu";

    /// <summary>Whether the projector's layers have biases.</summary>
    public bool MultimodalProjectorBias { get; init; } = true;

    /// <summary>default: patches only; full: the class token too.</summary>
    public string VisionFeatureSelectStrategy { get; init; } = "default";

    /// <summary>Which of the image tower's hidden states are read, joined along channels; negative counts from the last.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<int> VisionFeatureLayer { get; init; } = [-2];

    /// <summary>Whether the head is the token embedding; the text config says it.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>The language model.</summary>
    public LlamaConfig TextConfig { get; init; } = new();

    /// <summary>The image tower. Absent: CLIP ViT-L/14 at 336 pixels.</summary>
    public ClipVisionConfig VisionConfig { get; init; } = new()
    {
        HiddenSize = 1024, IntermediateSize = 4096, PatchSize = 14, ImageSize = 336, NumHiddenLayers = 24, NumAttentionHeads = 16, ProjectionDim = 768,
    };

    /// <summary>What else the file says; written back as it is.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; init; }

    internal int ImageToken => ImageTokenIndex ?? ImageTokenId ?? DefaultImageToken;

    internal bool HasClassToken => VisionFeatureSelectStrategy == "full";

    internal int FeaturesPerImage => VisionConfig.PatchCount + (HasClassToken ? 1 : 0);

    internal int FeatureWidth => VisionConfig.HiddenSize * VisionFeatureLayer.Count;

    /// <summary>The config of float32 weights.</summary>
    internal LlavaConfig ToSave() => this with
    {
        Dtype = "float32",
        ImageTokenIndex = ImageToken,
        ImageTokenId = null,
        ImageSeqLength = FeaturesPerImage,
        TieWordEmbeddings = TextConfig.TieWordEmbeddings,
        TextConfig = TextConfig.ToSave(),
        Others = LegacyDtype.Without(Others),
    };

    /// <summary>Refuses what would not work.</summary>
    internal void Validate(string where)
    {
        if (ModelType != "llava")
        {
            throw new InputException(where, $"has model_type '{ModelType}'.", "Give a LlavaForConditionalGeneration folder (model_type 'llava').");
        }

        if (VisionConfig.ModelType != "clip_vision_model")
        {
            throw new InputException(where, $"has a vision tower of model_type '{VisionConfig.ModelType}'.", "Only CLIP's (clip_vision_model) is supported.");
        }

        if (VisionFeatureSelectStrategy is not ("default" or "full"))
        {
            throw new InputException(where, $"has vision_feature_select_strategy '{VisionFeatureSelectStrategy}'.", "It is default (patches) or full (class token too).");
        }

        var states = VisionConfig.NumHiddenLayers + 1;
        if (VisionFeatureLayer.Count == 0 || VisionFeatureLayer.Any(layer => layer < -states || layer >= states))
        {
            throw new InputException(
                where, $"has vision_feature_layer [{string.Join(", ", VisionFeatureLayer)}].", $"The image tower has {states} hidden states: {-states} to {states - 1}.");
        }

        TextConfig.Validate(where);
    }
}
