using GmailCluster.Models.Decoding;
using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

/// <summary>Causal self-attention with rotary positions, in which groups of query heads share keys and values (arXiv 2305.13245).</summary>
// B rows, T new tokens, S tokens in all, C width, H query heads, G key heads, D head width.
internal sealed class LlamaAttention : nn.Module
{
    [ComponentName(Name = "q_proj")] private readonly AdaptableLinear _query;
    [ComponentName(Name = "k_proj")] private readonly AdaptableLinear _key;
    [ComponentName(Name = "v_proj")] private readonly AdaptableLinear _value;
    [ComponentName(Name = "o_proj")] private readonly AdaptableLinear _output;
    private readonly LlamaConfig _config;
    private readonly int _layer;

    public LlamaAttention(LlamaConfig config, int layer)
        : base(nameof(LlamaAttention))
    {
        (_config, _layer) = (config, layer);
        var (queries, keys) = (config.NumAttentionHeads * config.HeadWidth, config.KeyHeads * config.HeadWidth);
        _query = new AdaptableLinear(config.HiddenSize, queries, config.AttentionBias);
        _key = new AdaptableLinear(config.HiddenSize, keys, config.AttentionBias);
        _value = new AdaptableLinear(config.HiddenSize, keys, config.AttentionBias);
        _output = new AdaptableLinear(queries, config.HiddenSize, config.AttentionBias);
        RegisterComponents();
    }

    /// <summary>From [B, T, C] to [B, T, C].</summary>
    public Tensor forward(Tensor input, (Tensor Cos, Tensor Sin) angles, AttentionMask mask, KvCache? cache, Generator? dropout)
    {
        var (b, t, d) = (input.shape[0], input.shape[1], _config.HeadWidth);
        var query = RotaryEmbedding.Rotate(SkinnyProduct.Forward(_query, input).view(b, t, _config.NumAttentionHeads, d).transpose(1, 2), angles); // [B, H, T, D]
        var key = RotaryEmbedding.Rotate(SkinnyProduct.Forward(_key, input).view(b, t, _config.KeyHeads, d).transpose(1, 2), angles);              // [B, G, T, D]
        var value = SkinnyProduct.Forward(_value, input).view(b, t, _config.KeyHeads, d).transpose(1, 2);                                         // [B, G, T, D]
        if (cache is not null)
        {
            (key, value) = cache.Append(_layer, key, value, t); // [B, G, S, D]
        }

        return SkinnyProduct.Forward(_output, CausalAttention.Attend(query, key, value, mask, _config.AttentionDropout, dropout));
    }
}
