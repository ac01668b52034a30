using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

/// <summary>Root mean square norm (arXiv 1910.07467), in float32 whatever comes in, as in transformers.</summary>
// C width.
internal sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    private readonly double _epsilon;

    public RmsNorm(long width, double epsilon)
        : base(nameof(RmsNorm))
    {
        _weight = new Parameter(ones(width));
        _epsilon = epsilon;
        RegisterComponents();
    }

    /// <summary>From [..., C] to [..., C].</summary>
    public override Tensor forward(Tensor input)
    {
        var wide = input.to(ScalarType.Float32);
        var scale = wide.square().mean([-1], keepdim: true).add_(_epsilon).rsqrt_();
        return _weight * (wide * scale).to(input.dtype);
    }
}
