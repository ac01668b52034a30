using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>From latents to an image (diffusers' Decoder).</summary>
// B images, Z latent channels, h, w latents, f reduction.
internal sealed class AutoencoderDecoder : Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly ConvLayer _convIn;
    [ComponentName(Name = "mid_block")] private readonly AutoencoderMidBlock _mid;
    [ComponentName(Name = "up_blocks")] private readonly ModuleList<AutoencoderBlock> _blocks;
    [ComponentName(Name = "conv_norm_out")] private readonly GroupNormLayer _normOut;
    [ComponentName(Name = "conv_out")] private readonly ConvLayer _convOut;

    public AutoencoderDecoder(AutoencoderKLConfig config)
        : base(nameof(AutoencoderDecoder))
    {
        int[] channels = [.. config.BlockOutChannels.Reverse()];
        _convIn = new ConvLayer(config.LatentChannels, channels[0], 3);
        _mid = new AutoencoderMidBlock(config);
        _blocks = new([.. channels.Select((c, i) => AutoencoderBlock.Up(
            config, channels[Math.Max(i - 1, 0)], c, isLast: i == channels.Length - 1))]);
        _normOut = new GroupNormLayer(config.NormNumGroups, channels[^1], AutoencoderBlock.Epsilon);
        _convOut = new ConvLayer(channels[^1], config.OutChannels, 3);
        RegisterComponents();
    }

    /// <param name="latents">[B, Z, h, w].</param>
    /// <returns>[B, 3, f h, f w].</returns>
    public override Tensor forward(Tensor latents)
    {
        using var scope = NewDisposeScope();
        var hidden = _mid.forward(_convIn.forward(latents));
        foreach (var block in _blocks)
        {
            hidden = block.forward(hidden);
        }

        return _convOut.forward(_normOut.WithSiLU(hidden)).MoveToOuterDisposeScope();
    }
}
