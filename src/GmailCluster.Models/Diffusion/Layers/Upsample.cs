using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Enlarges a map by repetition and smooths it with a convolution (diffusers' Upsample2D).</summary>
// B images, C channels, h, w map.
internal sealed class Upsample : Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv")] private readonly ConvLayer _conv;

    public Upsample(long channels)
        : base(nameof(Upsample))
    {
        _conv = new ConvLayer(channels, channels, 3);
        RegisterComponents();
    }

    /// <summary>To twice the size.</summary>
    public override Tensor forward(Tensor input) => Forward(input, 2 * input.shape[2], 2 * input.shape[3]);

    /// <param name="input">[B, C, h, w].</param>
    /// <param name="height">Wanted height: that of the map it will be joined with, which is odd for odd image sizes.</param>
    /// <param name="width">Wanted width.</param>
    /// <returns>[B, C, height, width].</returns>
    public Tensor Forward(Tensor input, long height, long width)
    {
        using var scope = NewDisposeScope();
        return _conv.forward(functional.interpolate(input, [height, width], mode: InterpolationMode.Nearest)).MoveToOuterDisposeScope();
    }
}
