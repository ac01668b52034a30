using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Layers of one resolution on the way down: residual blocks, each followed by a transformer where the block attends to the text.</summary>
// B latents, later R rows of text (a multiple of B), C channels in, D out, h, w map, E time embedding.
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
