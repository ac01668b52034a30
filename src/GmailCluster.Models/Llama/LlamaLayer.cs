using GmailCluster.Models.Decoding;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

/// <summary>One pre-norm layer: attention, then feed-forward, each added to its input.</summary>
// B rows, T tokens, C width.
internal sealed class LlamaLayer : nn.Module
{
    [ComponentName(Name = "input_layernorm")] private readonly RmsNorm _attentionNorm;
    [ComponentName(Name = "self_attn")] private readonly LlamaAttention _attention;
    [ComponentName(Name = "post_attention_layernorm")] private readonly RmsNorm _feedForwardNorm;
    [ComponentName(Name = "mlp")] private readonly LlamaFeedForward _feedForward;

    public LlamaLayer(LlamaConfig config, int layer)
        : base(nameof(LlamaLayer))
    {
        _attentionNorm = new RmsNorm(config.HiddenSize, config.RmsNormEps);
        _attention = new LlamaAttention(config, layer);
        _feedForwardNorm = new RmsNorm(config.HiddenSize, config.RmsNormEps);
        _feedForward = new LlamaFeedForward(config);
        RegisterComponents();
    }

    /// <summary>From [B, T, C] to [B, T, C].</summary>
    public Tensor forward(Tensor input, (Tensor Cos, Tensor Sin) angles, AttentionMask mask, KvCache? cache, Generator? dropout)
    {
        using var scope = NewDisposeScope();
        var attended = input + _attention.forward(_attentionNorm.forward(input), angles, mask, cache, dropout);
        return (attended + _feedForward.forward(_feedForwardNorm.forward(attended))).MoveToOuterDisposeScope();
    }
}
