using System.Numerics.Tensors;

namespace GmailCluster.Learning.Optim;

/// <summary>Clipping by the norm of the global gradient, as torch.nn.utils.clip_grad_norm_.</summary>
public static class GradientClip
{
    /// <summary>Scales the gradient down so that its norm is at most <paramref name="clipNorm"/>.</summary>
    /// <returns>The norm before clipping.</returns>
    public static double Apply(FlatParameters layout, Span<float> gradient, double? clipNorm)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var norm = Norm(layout, gradient);
        if (clipNorm is { } limit && norm > limit)
        {
            TensorPrimitives.Multiply(gradient, (float)(limit / (norm + 1e-6)), gradient);
        }

        return norm;
    }

    // Sixteen double accumulators, whatever the machine's vector width: one written order of the sum.
    private static double Norm(FlatParameters layout, ReadOnlySpan<float> gradient)
    {
        const int Lanes = 16;
        Span<double> sums = stackalloc double[Lanes];
        sums.Clear();
        foreach (var slice in layout.Slices)
        {
            var values = gradient.Slice(slice.Offset, slice.Count);
            for (var i = 0; i < values.Length; i++)
            {
                sums[i % Lanes] += (double)values[i] * values[i];
            }
        }

        var total = 0.0;
        foreach (var sum in sums)
        {
            total += sum;
        }

        return Math.Sqrt(total);
    }
}
