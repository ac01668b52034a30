using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Residual blocks of one resolution, then half or twice of it (diffusers' DownEncoderBlock2D and UpDecoderBlock2D).</summary>
internal sealed class AutoencoderBlock : Module<Tensor, Tensor>
{
    public const double Epsilon = 1e-6;

    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock> _resnets;
    [ComponentName(Name = "downsamplers")] private readonly ModuleList<Downsample>? _downsamplers;
    [ComponentName(Name = "upsamplers")] private readonly ModuleList<Upsample>? _upsamplers;

    private AutoencoderBlock(AutoencoderKLConfig config, long input, long output, int layers, Downsample? down, Upsample? up)
        : base(nameof(AutoencoderBlock))
    {
        _resnets = new([.. Enumerable.Range(0, layers).Select(i => new ResnetBlock(i == 0 ? input : output, output, null, config.NormNumGroups, Epsilon))]);
        _downsamplers = down is null ? null : new([down]);
        _upsamplers = up is null ? null : new([up]);
        RegisterComponents();
    }

    public static AutoencoderBlock Down(AutoencoderKLConfig config, long input, long output, bool isLast) =>
        new(config, input, output, config.LayersPerBlock, isLast ? null : new Downsample(output, padding: 0), up: null);

    public static AutoencoderBlock Up(AutoencoderKLConfig config, long input, long output, bool isLast) =>
        new(config, input, output, config.LayersPerBlock + 1, down: null, isLast ? null : new Upsample(output));

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = input;
        foreach (var resnet in _resnets)
        {
            hidden = resnet.forward(hidden, null);
        }

        hidden = _downsamplers?[0].forward(hidden) ?? _upsamplers?[0].forward(hidden) ?? hidden;
        return hidden.MoveToOuterDisposeScope();
    }
}
