using GmailCluster.Models.Decoding;
using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Gpt2;

/// <summary>Causal self-attention of one block (Radford et al. 2019, section 2.3).</summary>
// B rows, T new tokens, S tokens in all, C width, H heads, D = C / H.
internal sealed class Gpt2Attention : nn.Module
{
    [ComponentName(Name = "c_attn")] private readonly AdaptableLinear _qkv;
    [ComponentName(Name = "c_proj")] private readonly AdaptableLinear _output;
    private readonly Gpt2Config _config;
    private readonly int _layer;
    private readonly double _queryScale;

    public Gpt2Attention(Gpt2Config config, int layer)
        : base(nameof(Gpt2Attention))
    {
        (_config, _layer) = (config, layer);
        _qkv = new AdaptableLinear(config.NEmbd, 3 * config.NEmbd);
        _output = new AdaptableLinear(config.NEmbd, config.NEmbd);

        // Attention divides by sqrt(D) on its own; what a config wants beyond or instead of that goes into the queries.
        _queryScale = (config.ScaleAttnWeights ? 1 : Math.Sqrt(config.NEmbd / config.NHead)) / (config.ScaleAttnByInverseLayerIdx ? layer + 1 : 1);
        RegisterComponents();
    }

    /// <summary>From [B, T, C] to [B, T, C].</summary>
    public Tensor forward(Tensor input, AttentionMask mask, KvCache? cache, Generator? dropout)
    {
        var (b, t, h) = (input.shape[0], input.shape[1], _config.NHead);
        var parts = SkinnyProduct.Forward(_qkv, input).view(b, t, 3, h, _config.NEmbd / h).permute(2, 0, 3, 1, 4).unbind(0); // 3 x [B, H, T, D]
        var (query, key, value) = (parts[0], parts[1], parts[2]);
        if (_queryScale != 1)
        {
            query *= _queryScale;
        }

        if (cache is not null)
        {
            (key, value) = cache.Append(_layer, key, value, t); // [B, H, S, D]
        }

        var mixed = CausalAttention.Attend(query, key, value, mask, _config.AttnPdrop, dropout); // [B, T, C]
        return KeyedDropout.Apply(SkinnyProduct.Forward(_output, mixed), _config.ResidPdrop, dropout);
    }
}
