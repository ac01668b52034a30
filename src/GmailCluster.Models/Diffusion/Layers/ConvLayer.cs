using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>A 2-d convolution over maps [B, C, h, w], kept channels-last in memory.</summary>
internal sealed class ConvLayer : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter _bias;
    private readonly long[] _stride;
    private readonly long[] _padding;

    public ConvLayer(long input, long output, long kernel, long stride = 1, long? padding = null)
        : base(nameof(ConvLayer))
    {
        _weight = LayerParameters.EmptyKernel(output, input, kernel);
        _bias = LayerParameters.Empty(output);
        _stride = [stride, stride];
        _padding = [padding ?? ((kernel - 1) / 2), padding ?? ((kernel - 1) / 2)];
        RegisterComponents();
    }

    /// <param name="input">[B, in, h, w].</param>
    /// <returns>[B, out, h', w'].</returns>
    public override Tensor forward(Tensor input) => functional.conv2d(input, _weight, _bias, _stride, _padding);

    /// <summary>The same with something added to every place of a channel, which costs no pass over the map.</summary>
    /// <param name="input">[B, in, h, w].</param>
    /// <param name="shift">[out].</param>
    public Tensor Forward(Tensor input, Tensor shift) => functional.conv2d(input, _weight, _bias + shift, _stride, _padding);
}
