using System.Text.Json;
using System.Text.Json.Serialization;
using GmailCluster.Errors;

namespace GmailCluster.Models.ClipCap;

/// <summary>The <c>config.json</c> of a captioner: the arguments of CLIP_prefix_caption's mapping network.</summary>
public sealed record ClipCapConfig
{
    /// <summary>Always <c>clipcap</c>.</summary>
    public string ModelType { get; init; } = "clipcap";

    /// <summary>Which network makes the prefix.</summary>
    public MappingType MappingType { get; init; }

    /// <summary>Width P of the image embedding.</summary>
    public required int PrefixSize { get; init; }

    /// <summary>Tokens L of the prefix.</summary>
    public required int PrefixLength { get; init; }

    /// <summary>Transformer only: tokens that the image embedding becomes.</summary>
    public int ClipLength { get; init; } = 10;

    /// <summary>Transformer only: layers.</summary>
    public int NumLayers { get; init; } = 8;

    /// <summary>Transformer only: heads; they divide the language model's width.</summary>
    public int NumHeads { get; init; } = 8;

    /// <summary>Whether the image embedding is brought to unit length first, as CLIP_prefix_caption's <c>--normalize_prefix</c> does. Default true.</summary>
    public bool NormalizePrefix { get; init; } = true;

    /// <summary>What else the file says; written back as it is.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; init; }

    /// <summary>Refuses what would not work with a language model of width <paramref name="width"/>.</summary>
    internal void Validate(string where, int width)
    {
        if (ModelType != "clipcap")
        {
            throw new InputException(where, $"has model_type '{ModelType}'.", "Give a captioner folder (model_type 'clipcap').");
        }

        if (PrefixSize < 1 || PrefixLength < 1)
        {
            throw new InputException(where, $"has prefix_size {PrefixSize} and prefix_length {PrefixLength}.", "Both must be positive.");
        }

        if (MappingType == MappingType.Transformer && (ClipLength < 1 || NumLayers < 1 || NumHeads < 1 || width % NumHeads != 0))
        {
            throw new InputException(
                where, $"has clip_length {ClipLength}, num_layers {NumLayers}, num_heads {NumHeads} for a language model {width} wide.",
                "All must be positive, and num_heads must divide the width.");
        }
    }
}
