using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Layer normalisation over the last dimension, epsilon 1e-5.</summary>
internal sealed class LayerNormLayer : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter _bias;
    private readonly long[] _shape;

    public LayerNormLayer(long width)
        : base(nameof(LayerNormLayer))
    {
        _shape = [width];
        _weight = LayerParameters.Empty(width);
        _bias = LayerParameters.Empty(width);
        RegisterComponents();
    }

    /// <param name="input">[..., C].</param>
    /// <returns>[..., C].</returns>
    public override Tensor forward(Tensor input) => functional.layer_norm(input, _shape, _weight, _bias, 1e-5);
}
