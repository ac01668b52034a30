namespace GmailCluster.Models.Clip;

/// <summary>CLIP's image tower, in the fields and with the defaults of Hugging Face's <c>CLIPVisionConfig</c>.</summary>
public sealed record ClipVisionConfig
{
    /// <summary>Always <c>clip_vision_model</c>.</summary>
    public string ModelType { get; init; } = "clip_vision_model";

    /// <summary>Width C of the tower.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>Width of the MLPs.</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>Width P of the shared space.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>Layers.</summary>
    public int NumHiddenLayers { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public int NumAttentionHeads { get; init; } = 12;

    /// <summary>Colour channels of a picture.</summary>
    public int NumChannels { get; init; } = 3;

    /// <summary>Side of a picture, pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Side of a patch, pixels.</summary>
    public int PatchSize { get; init; } = 32;

    /// <summary>quick_gelu or gelu.</summary>
    public string HiddenAct { get; init; } = "quick_gelu";

    /// <summary>Epsilon of the layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Patches N of a picture.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public int PatchCount => (ImageSize / PatchSize) * (ImageSize / PatchSize);
}
