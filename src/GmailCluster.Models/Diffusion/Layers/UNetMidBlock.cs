using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>The coarsest resolution: residual, transformer, residual.</summary>
// B latents, later R rows of text (a multiple of B), C channels in, D out, h, w map, E time embedding.
internal sealed class UNetMidBlock : Module
{
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock> _resnets;
    [ComponentName(Name = "attentions")] private readonly ModuleList<SpatialTransformer> _attentions;

    public UNetMidBlock(UNet2DConditionConfig config)
        : base(nameof(UNetMidBlock))
    {
        var (last, channels) = (config.BlockOutChannels.Length - 1, config.BlockOutChannels[^1]);
        _resnets = new([UNetParts.Resnet(config, channels, channels), UNetParts.Resnet(config, channels, channels)]);
        _attentions = new([UNetParts.Transformer(config, last, config.TransformerLayers[last])]);
        RegisterComponents();
    }

    /// <param name="hidden">[B or R, C, h, w].</param>
    /// <param name="time">SiLU of the time embedding, [B or 1, E].</param>
    /// <param name="context">The text.</param>
    /// <returns>[R, C, h, w].</returns>
    public Tensor Forward(Tensor hidden, Tensor time, TextContext context)
    {
        using var scope = NewDisposeScope();
        hidden = _resnets[0].forward(hidden, UNetParts.TimeFor(time, hidden));
        hidden = _attentions[0].forward(hidden, context);
        return _resnets[1].forward(hidden, UNetParts.TimeFor(time, hidden)).MoveToOuterDisposeScope();
    }
}
