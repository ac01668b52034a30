using System.Text.Json;
using System.Text.Json.Serialization;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Models.Gpt2;

/// <summary>The <c>config.json</c> of a GPT2LMHeadModel. Absent fields are as in transformers' GPT2Config: the smallest GPT-2.</summary>
public sealed record Gpt2Config
{
    /// <summary>Always <c>gpt2</c>.</summary>
    public string ModelType { get; init; } = "gpt2";

    /// <summary>The class that reads the folder in Python.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = ["GPT2LMHeadModel"];

    /// <summary>The type the weights are stored in; here everything is computed in float32.</summary>
    public string? Dtype { get; init; }

    /// <summary>Tokens.</summary>
    public int VocabSize { get; init; } = 50257;

    /// <summary>The longest sequence.</summary>
    public int NPositions { get; init; } = 1024;

    /// <summary>Embedding width.</summary>
    public int NEmbd { get; init; } = 768;

    /// <summary>Blocks.</summary>
    public int NLayer { get; init; } = 12;

    /// <summary>Attention heads; they divide the width.</summary>
    public int NHead { get; init; } = 12;

    /// <summary>Width inside the feed-forward layers. Null: four times <see cref="NEmbd"/>.</summary>
    public int? NInner { get; init; }

    /// <summary>Activation inside the feed-forward layers.</summary>
    public string ActivationFunction { get; init; } = "gelu_new";

    /// <summary>Dropout behind attention and feed-forward layers. Only where a generator is given.</summary>
    public double ResidPdrop { get; init; } = 0.1;

    /// <summary>Dropout of embeddings. Only where a generator is given.</summary>
    public double EmbdPdrop { get; init; } = 0.1;

    /// <summary>Dropout of attention weights. Only where a generator is given.</summary>
    public double AttnPdrop { get; init; } = 0.1;

    /// <summary>Added to variances.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Whether scores are divided by the square root of the head width.</summary>
    public bool ScaleAttnWeights { get; init; } = true;

    /// <summary>Whether scores are also divided by the block's number, counted from 1.</summary>
    public bool ScaleAttnByInverseLayerIdx { get; init; }

    /// <summary>Layers that attend to an encoder; not supported.</summary>
    public bool AddCrossAttention { get; init; }

    /// <summary>Whether the head is the token embedding.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>The token a text begins with.</summary>
    public int? BosTokenId { get; init; } = 50256;

    /// <summary>The tokens that end a text.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<int>? EosTokenId { get; init; } = [50256];

    /// <summary>The token behind the end.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>What else the file says; written back as it is.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; init; }

    /// <summary>Refuses what would not work.</summary>
    internal void Validate(string where)
    {
        if (ModelType != "gpt2")
        {
            throw new InputException(where, $"has model_type '{ModelType}'.", "Give a GPT2LMHeadModel folder (model_type 'gpt2').");
        }

        if (VocabSize < 1 || NPositions < 1 || NEmbd < 1 || NLayer < 1 || NHead < 1 || NInner < 1 || NEmbd % NHead != 0)
        {
            throw new InputException(
                where, $"has vocab_size {VocabSize}, n_positions {NPositions}, n_embd {NEmbd}, n_layer {NLayer}, n_head {NHead}, n_inner {NInner}.",
                "All must be positive, and n_head must divide n_embd.");
        }

        if (AddCrossAttention)
        {
            throw new InputException(where, "has add_cross_attention true, which is not supported.", "Use a decoder-only GPT-2.");
        }
    }
}
