using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Layers of one resolution on the way down: residual blocks, each followed by a transformer where the block attends to the text.</summary>
// B latents, later R rows of text (a multiple of B), C channels, h, w map.
internal sealed class UNetDownBlock : Module
{
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock> _resnets;
    [ComponentName(Name = "attentions")] private readonly ModuleList<SpatialTransformer>? _attentions;
    [ComponentName(Name = "downsamplers")] private readonly ModuleList<Downsample>? _downsamplers;

    public UNetDownBlock(UNet2DConditionConfig config, int index)
        : base(nameof(UNetDownBlock))
    {
        var output = config.BlockOutChannels[index];
        var input = config.BlockOutChannels[Math.Max(index - 1, 0)];
        var layers = Enumerable.Range(0, config.LayersPerBlock[index]).ToList();
        _resnets = new([.. layers.Select(i => UNetParts.Resnet(config, i == 0 ? input : output, output))]);
        _attentions = config.DownAttention[index]
            ? new([.. layers.Select(_ => UNetParts.Transformer(config, index, config.TransformerLayers[index]))])
            : null;
        _downsamplers = index < config.BlockOutChannels.Length - 1 ? new([new Downsample(output, config.DownsamplePadding)]) : null;
        RegisterComponents();
    }

    /// <param name="hidden">[B or R, C, h, w].</param>
    /// <param name="time">SiLU of the time embedding, [B or 1, E].</param>
    /// <param name="context">The text.</param>
    /// <param name="skips">Takes the result of each layer, for the way up.</param>
    /// <returns>[B or R, D, h / 2, w / 2], or of the same size in the last block; it is the last of the skips.</returns>
    public Tensor Forward(Tensor hidden, Tensor time, TextContext context, Stack<Tensor> skips)
    {
        for (var i = 0; i < _resnets.Count; i++)
        {
            hidden = _resnets[i].forward(hidden, UNetParts.TimeFor(time, hidden));
            hidden = _attentions?[i].forward(hidden, context) ?? hidden;
            skips.Push(hidden);
        }

        if (_downsamplers is not null)
        {
            hidden = _downsamplers[0].forward(hidden);
            skips.Push(hidden);
        }

        return hidden;
    }
}

/// <summary>The coarsest resolution: residual, transformer, residual.</summary>
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

/// <summary>Layers of one resolution on the way up; each first takes the matching result of the way down beside it.</summary>
internal sealed class UNetUpBlock : Module
{
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock> _resnets;
    [ComponentName(Name = "attentions")] private readonly ModuleList<SpatialTransformer>? _attentions;
    [ComponentName(Name = "upsamplers")] private readonly ModuleList<Upsample>? _upsamplers;

    /// <param name="config">The UNet's.</param>
    /// <param name="order">Its place on the way up, from 0, the coarsest.</param>
    public UNetUpBlock(UNet2DConditionConfig config, int order)
        : base(nameof(UNetUpBlock))
    {
        var channels = config.BlockOutChannels;
        var index = channels.Length - 1 - order; // its place on the way down
        var output = channels[index];
        var below = channels[Math.Min(index + 1, channels.Length - 1)]; // what comes from the coarser block
        var lastSkip = channels[Math.Max(index - 1, 0)];                 // what the block was entered with on the way down
        var layers = Enumerable.Range(0, config.LayersPerBlock[index] + 1).ToList();
        _resnets = new([.. layers.Select(i => UNetParts.Resnet(config, (i == 0 ? below : output) + (i == layers.Count - 1 ? lastSkip : output), output))]);
        _attentions = config.UpAttention[order]
            ? new([.. layers.Select(_ => UNetParts.Transformer(config, index, config.UpTransformerLayers[order]))])
            : null;
        _upsamplers = index > 0 ? new([new Upsample(output)]) : null;
        RegisterComponents();
    }

    /// <param name="hidden">[B or R, C, h, w].</param>
    /// <param name="time">SiLU of the time embedding, [B or 1, E].</param>
    /// <param name="context">The text.</param>
    /// <param name="skips">Results of the way down, the latest first.</param>
    /// <returns>[B or R, D, 2 h, 2 w], or of the same size in the last block.</returns>
    public Tensor Forward(Tensor hidden, Tensor time, TextContext context, Stack<Tensor> skips)
    {
        using var scope = NewDisposeScope();
        for (var i = 0; i < _resnets.Count; i++)
        {
            hidden = cat([hidden, BatchRows.Repeat(skips.Pop(), hidden.shape[0])], 1); // [R, C + skip, h, w]
            hidden = _resnets[i].forward(hidden, UNetParts.TimeFor(time, hidden));
            hidden = _attentions?[i].forward(hidden, context) ?? hidden;
        }

        if (_upsamplers is not null)
        {
            var next = skips.Peek().shape;
            hidden = _upsamplers[0].Forward(hidden, next[2], next[3]);
        }

        return hidden.MoveToOuterDisposeScope();
    }
}

/// <summary>What the blocks of a UNet are made of.</summary>
internal static class UNetParts
{
    public static long TimeWidth(UNet2DConditionConfig config) => 4L * config.BlockOutChannels[0];

    public static ResnetBlock Resnet(UNet2DConditionConfig config, long input, long output) =>
        new(input, output, TimeWidth(config), config.NormNumGroups, config.NormEps);

    public static SpatialTransformer Transformer(UNet2DConditionConfig config, int index, long layers) => new(
        config.BlockOutChannels[index], config.CrossAttentionDim[index], config.Heads[index], layers, config.NormNumGroups, config.UseLinearProjection);

    /// <summary>The time of each row, when each has its own.</summary>
    public static Tensor TimeFor(Tensor time, Tensor hidden) => time.shape[0] == 1 ? time : BatchRows.Repeat(time, hidden.shape[0]);
}
