using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>From an image to the moments of its latents (diffusers' Encoder).</summary>
// B images, H, W image, f reduction, Z latent channels.
internal sealed class AutoencoderEncoder : Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly ConvLayer _convIn;
    [ComponentName(Name = "down_blocks")] private readonly ModuleList<AutoencoderBlock> _blocks;
    [ComponentName(Name = "mid_block")] private readonly AutoencoderMidBlock _mid;
    [ComponentName(Name = "conv_norm_out")] private readonly GroupNormLayer _normOut;
    [ComponentName(Name = "conv_out")] private readonly ConvLayer _convOut;

    public AutoencoderEncoder(AutoencoderKLConfig config)
        : base(nameof(AutoencoderEncoder))
    {
        var channels = config.BlockOutChannels;
        _convIn = new ConvLayer(config.InChannels, channels[0], 3);
        _blocks = new([.. channels.Select((c, i) => AutoencoderBlock.Down(
            config, channels[Math.Max(i - 1, 0)], c, isLast: i == channels.Length - 1))]);
        _mid = new AutoencoderMidBlock(config);
        _normOut = new GroupNormLayer(config.NormNumGroups, channels[^1], AutoencoderBlock.Epsilon);
        _convOut = new ConvLayer(channels[^1], 2L * config.LatentChannels, 3);
        RegisterComponents();
    }

    /// <param name="image">[B, 3, H, W].</param>
    /// <returns>[B, 2 Z, H / f, W / f].</returns>
    public override Tensor forward(Tensor image)
    {
        using var scope = NewDisposeScope();
        var hidden = _convIn.forward(image);
        foreach (var block in _blocks)
        {
            hidden = block.forward(hidden);
        }

        return _convOut.forward(_normOut.WithSiLU(_mid.forward(hidden))).MoveToOuterDisposeScope();
    }
}
