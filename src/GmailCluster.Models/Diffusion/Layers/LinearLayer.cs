using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>
/// A linear map over the last dimension. Checkpoints keep some of them as convolutions of size 1, [out, in, 1, 1]: over channels-last maps
/// that is the same matrix product.
/// </summary>
internal sealed class LinearLayer : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;
    private readonly bool _isConvolution;
    private readonly long _input;
    private readonly long _output;

    public LinearLayer(long input, long output, bool bias = true, bool isConvolution = false)
        : base(nameof(LinearLayer))
    {
        (_input, _output, _isConvolution) = (input, output, isConvolution);
        _weight = isConvolution ? LayerParameters.Empty(output, input, 1, 1) : LayerParameters.Empty(output, input);
        _bias = bias ? LayerParameters.Empty(output) : null;
        RegisterComponents();
    }

    /// <param name="input">Tokens, [B, N, in], or one of a kind, [B, in].</param>
    /// <returns>[B, N, out] or [B, out].</returns>
    public override Tensor forward(Tensor input)
    {
        if (input.dim() != 3)
        {
            return functional.linear(input, _isConvolution ? _weight.view(_output, _input) : _weight, _bias);
        }

        // As a convolution over a map one place wide: oneDNN's kernels use all of a processor's vector width, the BLAS behind linear
        // only half of it on some.
        var (b, n) = (input.shape[0], input.shape[1]);
        var map = input.reshape(b, n, 1, _input).permute(0, 3, 1, 2);                // [B, in, N, 1], channels last
        return OverMap(map).permute(0, 2, 3, 1).reshape(b, n, _output);
    }

    /// <param name="map">[B, in, h, w].</param>
    /// <returns>[B, out, h, w].</returns>
    public Tensor OverMap(Tensor map) => functional.conv2d(map, _isConvolution ? _weight : _weight.view(_output, _input, 1, 1), _bias);
}
