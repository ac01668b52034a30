using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Group normalisation (Wu and He, arXiv 1803.08494) of maps [B, C, h, w].</summary>
internal sealed class GroupNormLayer : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter _bias;
    private readonly long _groups;
    private readonly double _epsilon;

    public GroupNormLayer(long groups, long channels, double epsilon)
        : base(nameof(GroupNormLayer))
    {
        (_groups, _epsilon) = (groups, epsilon);
        _weight = LayerParameters.Empty(channels);
        _bias = LayerParameters.Empty(channels);
        RegisterComponents();
    }

    /// <param name="input">[B, C, h, w].</param>
    /// <returns>[B, C, h, w].</returns>
    public override Tensor forward(Tensor input) => ChannelsLastNorm.CanApply(input)
        ? ChannelsLastNorm.Apply(input, _groups, _weight, _bias, _epsilon, withSiLU: false)
        : functional.group_norm(input, _groups, _weight, _bias, _epsilon);

    /// <summary>Normalised, then x sigmoid(x): the two always come together before a convolution.</summary>
    public Tensor WithSiLU(Tensor input) => ChannelsLastNorm.CanApply(input)
        ? ChannelsLastNorm.Apply(input, _groups, _weight, _bias, _epsilon, withSiLU: true)
        : Activation.SiLUOf(functional.group_norm(input, _groups, _weight, _bias, _epsilon));
}
