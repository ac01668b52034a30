using System.Numerics;
using System.Runtime.InteropServices;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Optim;

/// <summary>
/// AdamW (Loshchilov &amp; Hutter, arXiv 1711.05101) as torch.optim.AdamW computes it, in one fused pass over flat buffers.
/// Every element is computed by the same IEEE operations whatever the vector width, so the result depends on the gradients
/// alone. Not thread-safe: one call at a time.
/// </summary>
public sealed class AdamW
{
    private readonly OptimizerSpec _spec;
    private readonly IReadOnlyList<(int Start, int End, float Decay)> _segments;

    /// <summary>Makes an optimiser for a flat buffer.</summary>
    /// <param name="parameters">The layout; decay can differ by parameter.</param>
    /// <param name="spec">Betas, epsilon and weight decay.</param>
    /// <param name="decays">Which parameters decay; default: all.</param>
    public AdamW(FlatParameters parameters, OptimizerSpec spec, Func<FlatSlice, bool>? decays = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _spec = spec;
        FirstMoment = new float[parameters.Length];
        SecondMoment = new float[parameters.Length];
        _segments = Segments(parameters, slice => decays?.Invoke(slice) ?? true ? (float)spec.WeightDecay : 0f);
    }

    /// <summary>Running mean of gradients, flat.</summary>
    public float[] FirstMoment { get; }

    /// <summary>Running mean of squared gradients, flat.</summary>
    public float[] SecondMoment { get; }

    /// <summary>Updates values in place.</summary>
    /// <param name="step">1 for the first update: bias correction counts from there.</param>
    /// <param name="learningRate">The schedule's value for this step.</param>
    /// <param name="values">Parameters, changed in place.</param>
    /// <param name="gradients">The global gradient, same layout.</param>
    public void Step(int step, double learningRate, Span<float> values, ReadOnlySpan<float> gradients)
    {
        var correction1 = 1 - Math.Pow(_spec.Beta1, step);
        var correction2 = 1 - Math.Pow(_spec.Beta2, step);
        var update = new Update(
            (float)_spec.Beta1, (float)(1 - _spec.Beta1), (float)_spec.Beta2, (float)(1 - _spec.Beta2),
            (float)(learningRate / correction1), (float)Math.Sqrt(correction2), (float)_spec.Epsilon);
        foreach (var (start, end, decay) in _segments)
        {
            var range = start..end;
            update.Apply((float)(1 - (learningRate * decay)), values[range], gradients[range], FirstMoment.AsSpan(range), SecondMoment.AsSpan(range));
        }
    }

    private static List<(int, int, float)> Segments(FlatParameters parameters, Func<FlatSlice, float> decay)
    {
        var segments = new List<(int Start, int End, float Decay)>();
        for (var i = 0; i < parameters.Slices.Count; i++)
        {
            var slice = parameters.Slices[i];
            var end = i + 1 < parameters.Slices.Count ? parameters.Slices[i + 1].Offset : parameters.Length;
            var value = decay(slice);
            if (segments.Count > 0 && segments[^1].Decay == value)
            {
                segments[^1] = (segments[^1].Start, end, value);
            }
            else
            {
                segments.Add((slice.Offset, end, value));
            }
        }

        return segments;
    }

    private readonly record struct Update(float Beta1, float Rest1, float Beta2, float Rest2, float StepSize, float RootCorrection2, float Epsilon)
    {
        public void Apply(float keep, Span<float> values, ReadOnlySpan<float> gradients, Span<float> first, Span<float> second)
        {
            var p = MemoryMarshal.Cast<float, Vector<float>>(values);
            var g = MemoryMarshal.Cast<float, Vector<float>>(gradients);
            var m = MemoryMarshal.Cast<float, Vector<float>>(first);
            var v = MemoryMarshal.Cast<float, Vector<float>>(second);
            var (beta1, rest1, beta2, rest2) = (new Vector<float>(Beta1), new Vector<float>(Rest1), new Vector<float>(Beta2), new Vector<float>(Rest2));
            var (kept, size, root, epsilon) = (new Vector<float>(keep), new Vector<float>(StepSize), new Vector<float>(RootCorrection2), new Vector<float>(Epsilon));
            for (var i = 0; i < p.Length; i++)
            {
                m[i] = (m[i] * beta1) + (g[i] * rest1);
                v[i] = (v[i] * beta2) + (g[i] * g[i] * rest2);
                p[i] = (p[i] * kept) - (size * m[i] / ((Vector.SquareRoot(v[i]) / root) + epsilon));
            }

            for (var i = p.Length * Vector<float>.Count; i < values.Length; i++)
            {
                first[i] = (first[i] * Beta1) + (gradients[i] * Rest1);
                second[i] = (second[i] * Beta2) + (gradients[i] * gradients[i] * Rest2);
                values[i] = (values[i] * keep) - (StepSize * first[i] / ((MathF.Sqrt(second[i]) / RootCorrection2) + Epsilon));
            }
        }
    }
}
