using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>diffusers' Transformer2DModel: transformer blocks over the places of a map, beside a shortcut.</summary>
// B latents, R rows of text (a multiple of B), C channels, h, w map.
internal sealed class SpatialTransformer : Module<Tensor, TextContext, Tensor>
{
    [ComponentName(Name = "norm")] private readonly GroupNormLayer _norm;
    [ComponentName(Name = "proj_in")] private readonly LinearLayer _input;
    [ComponentName(Name = "transformer_blocks")] private readonly ModuleList<TransformerBlock> _blocks;
    [ComponentName(Name = "proj_out")] private readonly LinearLayer _output;

    /// <param name="channels">C.</param>
    /// <param name="textWidth">Width of the text's hidden states.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="layers">Transformer blocks.</param>
    /// <param name="groups">Of the normalisation.</param>
    /// <param name="linear">Whether the checkpoint keeps the projections as linear layers (2.x) or as convolutions (1.x).</param>
    public SpatialTransformer(long channels, long textWidth, long heads, long layers, long groups, bool linear)
        : base(nameof(SpatialTransformer))
    {
        _norm = new GroupNormLayer(groups, channels, 1e-6);
        _input = new LinearLayer(channels, channels, isConvolution: !linear);
        _blocks = new ModuleList<TransformerBlock>([.. Enumerable.Range(0, (int)layers).Select(_ => new TransformerBlock(channels, textWidth, heads))]);
        _output = new LinearLayer(channels, channels, isConvolution: !linear);
        RegisterComponents();
    }

    /// <param name="input">[B, C, h, w] or [R, C, h, w].</param>
    /// <param name="context">The text.</param>
    /// <returns>[R, C, h, w].</returns>
    public override Tensor forward(Tensor input, TextContext context)
    {
        using var scope = NewDisposeScope();
        var (b, c, h, w) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3]);
        var hidden = _input.forward(_norm.forward(input).permute(0, 2, 3, 1).reshape(b, h * w, c));   // [B, hw, C]
        foreach (var block in _blocks)
        {
            hidden = block.forward(hidden, context);                                                  // [R, hw, C]
        }

        hidden = _output.forward(hidden).view(context.Rows, h, w, c).permute(0, 3, 1, 2);             // [R, C, h, w]
        return Activation.Sum(hidden, BatchRows.Repeat(input, context.Rows)).MoveToOuterDisposeScope();
    }
}
