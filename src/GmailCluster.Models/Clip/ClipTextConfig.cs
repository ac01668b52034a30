namespace GmailCluster.Models.Clip;

/// <summary>CLIP's text tower, in the fields and with the defaults of Hugging Face's <c>CLIPTextConfig</c>.</summary>
public sealed record ClipTextConfig
{
    /// <summary>Always <c>clip_text_model</c>.</summary>
    public string ModelType { get; init; } = "clip_text_model";

    /// <summary>Tokens known.</summary>
    public int VocabSize { get; init; } = 49408;

    /// <summary>Width C of the tower.</summary>
    public int HiddenSize { get; init; } = 512;

    /// <summary>Width of the MLPs.</summary>
    public int IntermediateSize { get; init; } = 2048;

    /// <summary>Width P of the shared space.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>Layers.</summary>
    public int NumHiddenLayers { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public int NumAttentionHeads { get; init; } = 8;

    /// <summary>Longest text, tokens.</summary>
    public int MaxPositionEmbeddings { get; init; } = 77;

    /// <summary>quick_gelu or gelu.</summary>
    public string HiddenAct { get; init; } = "quick_gelu";

    /// <summary>Epsilon of the layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>The padding token.</summary>
    public int? PadTokenId { get; init; } = 1;

    /// <summary>The first token of a text.</summary>
    public int? BosTokenId { get; init; } = 49406;

    /// <summary>
    /// The last token of a text, whose hidden state is pooled. 2 is the mark of old OpenAI conversions, whose real last token is the
    /// one with the highest id.
    /// </summary>
    public int? EosTokenId { get; init; } = 49407;
}
