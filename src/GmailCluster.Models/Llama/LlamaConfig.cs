using System.Text.Json;
using System.Text.Json.Serialization;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Decoding;

namespace GmailCluster.Models.Llama;

/// <summary>The <c>config.json</c> of a LlamaForCausalLM. Absent fields are as in transformers' LlamaConfig: Llama 7B.</summary>
public sealed record LlamaConfig
{
    /// <summary>Always <c>llama</c>.</summary>
    public string ModelType { get; init; } = "llama";

    /// <summary>The class that reads the folder in Python.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = ["LlamaForCausalLM"];

    /// <summary>The type the weights are stored in; here everything is computed in float32.</summary>
    public string? Dtype { get; init; }

    /// <summary>Tokens.</summary>
    public int VocabSize { get; init; } = 32000;

    /// <summary>Width.</summary>
    public int HiddenSize { get; init; } = 4096;

    /// <summary>Width inside the feed-forward layers.</summary>
    public int IntermediateSize { get; init; } = 11008;

    /// <summary>Layers.</summary>
    public int NumHiddenLayers { get; init; } = 32;

    /// <summary>Query heads.</summary>
    public int NumAttentionHeads { get; init; } = 32;

    /// <summary>Key and value heads; they divide the query heads. Null: as many as those.</summary>
    public int? NumKeyValueHeads { get; init; }

    /// <summary>Width of a head. Null: the width divided by the query heads.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Activation of the gate.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary>The length trained for; positions go on behind it.</summary>
    public int MaxPositionEmbeddings { get; init; } = 2048;

    /// <summary>Added to mean squares.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>Whether the head is the token embedding.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Whether attention's linear layers have biases.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether feed-forward layers have biases.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Dropout of attention weights. Only where a generator is given.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Rotary embeddings, transformers 5's spelling.</summary>
    public RopeParameters? RopeParameters { get; init; }

    /// <summary>Base of the wavelengths, the older spelling.</summary>
    public double? RopeTheta { get; init; }

    /// <summary>Stretching of positions, the older spelling.</summary>
    public RopeParameters? RopeScaling { get; init; }

    /// <summary>The token a text begins with.</summary>
    public int? BosTokenId { get; init; } = 1;

    /// <summary>The tokens that end a text.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<int>? EosTokenId { get; init; } = [2];

    /// <summary>The token behind the end.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>What else the file says; written back as it is.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; init; }

    internal int KeyHeads => NumKeyValueHeads ?? NumAttentionHeads;

    internal int HeadWidth => HeadDim ?? HiddenSize / NumAttentionHeads;

    internal GenerationDefaults Generation => new() { BosTokenId = BosTokenId, EosTokenId = EosTokenId, PadTokenId = PadTokenId };

    /// <summary>The config of float32 weights, its rotary embeddings in both spellings, so that every transformers reads it.</summary>
    internal LlamaConfig ToSave()
    {
        var rope = RotaryEmbedding.Settings(this, "config");
        return this with
        {
            Dtype = "float32",
            RopeParameters = rope,
            RopeTheta = rope.RopeTheta,
            RopeScaling = rope.RopeType == "default" ? null : rope with { RopeTheta = null },
            Others = LegacyDtype.Without(Others),
        };
    }

    /// <summary>Refuses what would not work.</summary>
    internal void Validate(string where)
    {
        if (ModelType != "llama")
        {
            throw new InputException(where, $"has model_type '{ModelType}'.", "Give a LlamaForCausalLM folder (model_type 'llama').");
        }

        if (VocabSize < 1 || HiddenSize < 1 || IntermediateSize < 1 || NumHiddenLayers < 1 || NumAttentionHeads < 1 || KeyHeads < 1
            || NumAttentionHeads % KeyHeads != 0 || (HeadDim is null && HiddenSize % NumAttentionHeads != 0) || HeadWidth % 2 != 0)
        {
            throw new InputException(
                where,
                $"has vocab_size {VocabSize}, hidden_size {HiddenSize}, intermediate_size {IntermediateSize}, num_hidden_layers {NumHiddenLayers}, "
                + $"num_attention_heads {NumAttentionHeads}, num_key_value_heads {KeyHeads}, head_dim {HeadWidth}.",
                "All must be positive, the heads must divide the width, the key heads the query heads, and heads must be evenly wide.");
        }

        RotaryEmbedding.Settings(this, where);
    }
}
