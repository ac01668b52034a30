using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>The coarsest resolution: residual, attention, residual (diffusers' UNetMidBlock2D).</summary>
internal sealed class AutoencoderMidBlock : Module<Tensor, Tensor>
{
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock> _resnets;
    [ComponentName(Name = "attentions")] private readonly ModuleList<MapAttention>? _attentions;

    public AutoencoderMidBlock(AutoencoderKLConfig config)
        : base(nameof(AutoencoderMidBlock))
    {
        long channels = config.BlockOutChannels[^1];
        ResnetBlock Resnet() => new(channels, channels, null, config.NormNumGroups, AutoencoderBlock.Epsilon);
        _resnets = new([Resnet(), Resnet()]);
        _attentions = config.MidBlockAddAttention ? new([new MapAttention(channels, config.NormNumGroups)]) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = _resnets[0].forward(input, null);
        hidden = _attentions?[0].forward(hidden) ?? hidden;
        return _resnets[1].forward(hidden, null).MoveToOuterDisposeScope();
    }
}
