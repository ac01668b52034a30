using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Halves a map with a strided convolution (diffusers' Downsample2D).</summary>
// B images, C channels, h, w map.
internal sealed class Downsample : Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv")] private readonly ConvLayer _conv;
    private readonly bool _padsAfter;

    /// <param name="channels">C.</param>
    /// <param name="padding">Around the map; 0 means one row and one column after it, as the autoencoder was trained.</param>
    public Downsample(long channels, long padding)
        : base(nameof(Downsample))
    {
        _padsAfter = padding == 0;
        _conv = new ConvLayer(channels, channels, 3, stride: 2, padding);
        RegisterComponents();
    }

    /// <param name="input">[B, C, h, w].</param>
    /// <returns>[B, C, h / 2, w / 2].</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _conv.forward(_padsAfter ? functional.pad(input, [0, 1, 0, 1]) : input).MoveToOuterDisposeScope();
    }
}
