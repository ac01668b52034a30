using GmailCluster.Models.Decoding;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Gpt2;

/// <summary>One pre-norm block: attention, then feed-forward, each added to its input.</summary>
// B rows, T tokens, C width.
internal sealed class Gpt2Block : nn.Module
{
    [ComponentName(Name = "ln_1")] private readonly LayerNorm _attentionNorm;
    [ComponentName(Name = "attn")] private readonly Gpt2Attention _attention;
    [ComponentName(Name = "ln_2")] private readonly LayerNorm _feedForwardNorm;
    [ComponentName(Name = "mlp")] private readonly Gpt2FeedForward _feedForward;

    public Gpt2Block(Gpt2Config config, int layer)
        : base(nameof(Gpt2Block))
    {
        _attentionNorm = nn.LayerNorm(config.NEmbd, config.LayerNormEpsilon);
        _attention = new Gpt2Attention(config, layer);
        _feedForwardNorm = nn.LayerNorm(config.NEmbd, config.LayerNormEpsilon);
        _feedForward = new Gpt2FeedForward(config);
        RegisterComponents();
    }

    /// <summary>From [B, T, C] to [B, T, C].</summary>
    public Tensor forward(Tensor input, AttentionMask mask, KvCache? cache, Generator? dropout)
    {
        using var scope = NewDisposeScope();
        var attended = input + _attention.forward(_attentionNorm.forward(input), mask, cache, dropout);
        return (attended + _feedForward.forward(_feedForwardNorm.forward(attended), dropout)).MoveToOuterDisposeScope();
    }
}
