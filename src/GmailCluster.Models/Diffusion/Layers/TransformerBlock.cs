using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>diffusers' BasicTransformerBlock: attention to itself, attention to the text, gated feed-forward.</summary>
// B latents, R rows of text (a multiple of B), N tokens, C width.
internal sealed class TransformerBlock : Module<Tensor, TextContext, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly LayerNormLayer _norm1;
    [ComponentName(Name = "attn1")] private readonly CrossAttention _self;
    [ComponentName(Name = "norm2")] private readonly LayerNormLayer _norm2;
    [ComponentName(Name = "attn2")] private readonly CrossAttention _text;
    [ComponentName(Name = "norm3")] private readonly LayerNormLayer _norm3;
    [ComponentName(Name = "ff")] private readonly FeedForward _feedForward;

    public TransformerBlock(long width, long textWidth, long heads)
        : base(nameof(TransformerBlock))
    {
        _norm1 = new LayerNormLayer(width);
        _self = new CrossAttention(width, width, heads);
        _norm2 = new LayerNormLayer(width);
        _text = new CrossAttention(width, textWidth, heads);
        _norm3 = new LayerNormLayer(width);
        _feedForward = new FeedForward(width);
        RegisterComponents();
    }

    /// <summary>The attention whose keys and values depend on the text alone.</summary>
    public CrossAttention TextAttention => _text;

    /// <param name="hidden">[B, N, C] or, behind another block, [R, N, C].</param>
    /// <param name="context">The text.</param>
    /// <returns>[R, N, C].</returns>
    public override Tensor forward(Tensor hidden, TextContext context)
    {
        using var scope = NewDisposeScope();
        hidden = Activation.Sum(_self.ToThemselves(_norm1.forward(hidden)), hidden);
        hidden = BatchRows.Repeat(hidden, context.Rows);                                      // [R, N, C]
        var (keys, values) = context.Of(_text);
        hidden = Activation.Sum(_text.forward(_norm2.forward(hidden), keys, values), hidden);
        hidden = Activation.Sum(_feedForward.forward(_norm3.forward(hidden)), hidden);
        return hidden.MoveToOuterDisposeScope();
    }
}
