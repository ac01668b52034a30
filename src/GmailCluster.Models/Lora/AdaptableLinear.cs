using GmailCluster.Models.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Lora;

/// <summary>
/// A linear layer that a LoRA adapter can be attached to: y = x W^T + b, plus the adapter's update when there is one.
/// Parameters have torch's names and layout (<c>weight</c> [O, I], <c>bias</c> [O]) and start as zeros: weights come from a file or
/// an initialiser with a generator of its own. <see cref="forward"/> only reads, so threads may share a layer.
/// </summary>
public sealed class AdaptableLinear : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter? _bias;

    private volatile LoraUpdate? _update;

    /// <summary>A layer from <paramref name="inFeatures"/> (I) to <paramref name="outFeatures"/> (O).</summary>
    public AdaptableLinear(long inFeatures, long outFeatures, bool hasBias = true)
        : base(nameof(AdaptableLinear))
    {
        (InFeatures, OutFeatures) = (inFeatures, outFeatures);
        _weight = Parameter(zeros(outFeatures, inFeatures));
        if (hasBias)
        {
            _bias = Parameter(zeros(outFeatures));
        }
        RegisterComponents();
    }

    /// <summary>Width of the input, I.</summary>
    public long InFeatures { get; }

    /// <summary>Width of the output, O.</summary>
    public long OutFeatures { get; }

    /// <summary>[O, I].</summary>
    public Parameter Weight => _weight;

    /// <summary>[O], or null.</summary>
    public Parameter? Bias => _bias;

    internal LoraUpdate? Update
    {
        get => _update;
        set => _update = value;
    }

    /// <param name="input">[..., I].</param>
    /// <returns>[..., O].</returns>
    public override Tensor forward(Tensor input)
    {
        var output = LinearProduct.Of(input, _weight, _bias); // [..., O]
        return _update is { } update ? output + update.Apply(input) : output;
    }
}
