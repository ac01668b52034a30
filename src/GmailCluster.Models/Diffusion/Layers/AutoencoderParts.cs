using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>From an image to the moments of its latents (diffusers' Encoder).</summary>
// B images, f reduction, Z latent channels.
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

/// <summary>From latents to an image (diffusers' Decoder).</summary>
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

/// <summary>Attention of a map's places to each other, one head, beside a shortcut.</summary>
internal sealed class MapAttention : Module<Tensor, Tensor>
{
    [ComponentName(Name = "group_norm")] private readonly GroupNormLayer _norm;
    [ComponentName(Name = "to_q")] private readonly LinearLayer _query;
    [ComponentName(Name = "to_k")] private readonly LinearLayer _key;
    [ComponentName(Name = "to_v")] private readonly LinearLayer _value;
    [ComponentName(Name = "to_out")] private readonly ModuleList<LinearLayer> _output;

    public MapAttention(long channels, long groups)
        : base(nameof(MapAttention))
    {
        _norm = new GroupNormLayer(groups, channels, AutoencoderBlock.Epsilon);
        _query = new LinearLayer(channels, channels);
        _key = new LinearLayer(channels, channels);
        _value = new LinearLayer(channels, channels);
        _output = new([new LinearLayer(channels, channels)]);
        RegisterComponents();
    }

    /// <param name="input">[B, C, h, w].</param>
    /// <returns>[B, C, h, w].</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (b, c, h, w) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3]);
        var tokens = _norm.forward(input).permute(0, 2, 3, 1).reshape(b, h * w, c);                     // [B, hw, C]
        Tensor OneHead(LinearLayer layer) => layer.forward(tokens).unsqueeze(1);                        // [B, 1, hw, C]
        var mixed = functional.scaled_dot_product_attention(OneHead(_query), OneHead(_key), OneHead(_value)).squeeze(1);
        var output = _output[0].forward(mixed).view(b, h, w, c).permute(0, 3, 1, 2);                    // [B, C, h, w]
        return Activation.Sum(output, input).MoveToOuterDisposeScope();
    }
}
