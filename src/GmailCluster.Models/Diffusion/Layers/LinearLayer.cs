using GmailCluster.Models.Layers;
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
    public override Tensor forward(Tensor input) => LinearProduct.Of(input, _isConvolution ? _weight.view(_output, _input) : _weight, _bias);

    /// <param name="map">[B, in, h, w].</param>
    /// <returns>[B, out, h, w].</returns>
    public Tensor OverMap(Tensor map) => LinearProduct.OverMap(map, _isConvolution ? _weight : _weight.view(_output, _input, 1, 1), _bias);
}
