using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Times as sinusoids (Vaswani et al., arXiv 1706.03762, section 3.5), then two layers (diffusers' Timesteps and TimestepEmbedding).</summary>
// B times, C sinusoids, E width.
internal sealed class TimeEmbedding : Module<Tensor, Tensor>
{
    [ComponentName(Name = "linear_1")] private readonly LinearLayer _first;
    [ComponentName(Name = "linear_2")] private readonly LinearLayer _second;
    private readonly long _sinusoids;
    private readonly bool _cosineFirst;
    private readonly double _shift;

    public TimeEmbedding(long sinusoids, long width, bool cosineFirst, double shift)
        : base(nameof(TimeEmbedding))
    {
        (_sinusoids, _cosineFirst, _shift) = (sinusoids, cosineFirst, shift);
        _first = new LinearLayer(sinusoids, width);
        _second = new LinearLayer(width, width);
        RegisterComponents();
    }

    /// <param name="times">[B].</param>
    /// <returns>[B, E].</returns>
    public override Tensor forward(Tensor times)
    {
        using var scope = NewDisposeScope();
        var half = _sinusoids / 2;
        var frequencies = exp(arange(half, dtype: ScalarType.Float32, device: times.device) * -Math.Log(10000) / (half - _shift)); // [C / 2]
        var angles = times.to_type(ScalarType.Float32).unsqueeze(1) * frequencies;                                                // [B, C / 2]
        var waves = _cosineFirst ? cat([angles.cos(), angles.sin()], 1) : cat([angles.sin(), angles.cos()], 1);                  // [B, C]
        if (_sinusoids % 2 == 1)
        {
            waves = functional.pad(waves, [0, 1]);
        }

        return _second.forward(Activation.SiLUOf(_first.forward(waves))).MoveToOuterDisposeScope();
    }
}
