using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

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
        var (low, high) = (Vector512<double>.Zero, Vector512<double>.Zero);
        Span<double> sums = stackalloc double[Lanes];
        foreach (var slice in layout.Slices)
        {
            var values = gradient.Slice(slice.Offset, slice.Count);
            var whole = values.Length - (values.Length % Lanes);
            for (var i = 0; i < whole; i += Lanes)
            {
                var (first, second) = Vector512.Widen(Vector512.Create(values.Slice(i, Lanes)));
                low += first * first;
                high += second * second;
            }

            // The padding behind a parameter is not read: the task leaves it as it is.
            sums.Clear();
            for (var i = whole; i < values.Length; i++)
            {
                sums[i - whole] = (double)values[i] * values[i];
            }

            low += Vector512.Create<double>(sums);
            high += Vector512.Create<double>(sums[(Lanes / 2)..]);
        }

        low.CopyTo(sums);
        high.CopyTo(sums[(Lanes / 2)..]);
        var total = 0.0;
        foreach (var sum in sums)
        {
            total += sum;
        }

        return Math.Sqrt(total);
    }
}
