using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Layers of one resolution on the way up; each first takes the matching result of the way down beside it.</summary>
// B latents, later R rows of text (a multiple of B), C channels in, D out, h, w map, E time embedding.
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
