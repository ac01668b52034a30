using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>
/// Group normalisation and SiLU of channels-last maps in two passes over the memory, for one CPU thread. libtorch's own takes five and
/// was a sixth of a denoising step.
/// </summary>
// B batch, P places (h w), C channels, L lanes of a vector.
internal static unsafe class ChannelsLastNorm
{
    private const int Lanes = 16;

    // Places summed in single precision before their sum goes into double: the error stays that of a short sum.
    private const long Block = 128;

    /// <summary>Whether the map and the moment are such that <see cref="Apply"/> can be used.</summary>
    public static bool CanApply(Tensor input) =>
        !is_grad_enabled() && input.device_type == DeviceType.CPU && input.dtype == ScalarType.Float32 && input.shape[1] % Lanes == 0 && get_num_threads() == 1;

    /// <param name="input">[B, C, h, w], C a multiple of 16.</param>
    /// <param name="groups">A divisor of C.</param>
    /// <param name="weight">[C].</param>
    /// <param name="bias">[C].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="withSiLU">Whether x sigmoid(x) follows.</param>
    /// <returns>[B, C, h, w], channels last.</returns>
    public static Tensor Apply(Tensor input, long groups, Tensor weight, Tensor bias, double epsilon, bool withSiLU)
    {
        using var scope = NewDisposeScope();
        var source = input.permute(0, 2, 3, 1).contiguous();                         // [B, h, w, C]
        var target = empty(source.shape);
        var (b, places, channels) = (source.shape[0], source.shape[1] * source.shape[2], source.shape[3]);
        float* x = Pointer(source), y = Pointer(target), gain = Pointer(weight), shift = Pointer(bias);
        var moments = stackalloc double[(int)(2 * groups)];
        var buffer = new float[2 * channels];
        var sums = new double[2 * channels];
        fixed (float* factors = buffer)
        fixed (double* totals = sums)
        {
            for (var i = 0L; i < b; i++, x += places * channels, y += places * channels)
            {
                Sum(x, places, channels, totals);
                Combine(totals, channels, groups, places, epsilon, moments);
                for (var c = 0L; c < channels; c++)
                {
                    var g = c / (channels / groups);
                    factors[c] = (float)(gain[c] * moments[(2 * g) + 1]);
                    factors[channels + c] = (float)(shift[c] - (moments[2 * g] * gain[c] * moments[(2 * g) + 1]));
                }

                if (withSiLU)
                {
                    ScaleWithSiLU(x, y, places, channels, factors);
                }
                else
                {
                    Scale(x, y, places, channels, factors);
                }
            }
        }

        return target.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    // Sums and sums of squares of each channel.
    private static void Sum(float* x, long places, long channels, double* totals)
    {
        new Span<double>(totals, (int)(2 * channels)).Clear();
        var sums = stackalloc float[2 * Lanes];
        for (var start = 0L; start < places; start += Block)
        {
            var end = Math.Min(start + Block, places);
            for (var c = 0L; c < channels; c += Lanes)
            {
                // Two chains each, so that additions need not wait for one another.
                var (sum, square, sum2, square2) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
                var p = start;
                for (; p + 1 < end; p += 2)
                {
                    var v = Vector512.Load(x + (p * channels) + c);
                    var w = Vector512.Load(x + ((p + 1) * channels) + c);
                    sum += v;
                    sum2 += w;
                    square = Vector512.FusedMultiplyAdd(v, v, square);
                    square2 = Vector512.FusedMultiplyAdd(w, w, square2);
                }

                if (p < end)
                {
                    var v = Vector512.Load(x + (p * channels) + c);
                    sum += v;
                    square = Vector512.FusedMultiplyAdd(v, v, square);
                }

                (sum + sum2).Store(sums);
                (square + square2).Store(sums + Lanes);
                for (var lane = 0; lane < Lanes; lane++)
                {
                    totals[c + lane] += sums[lane];
                    totals[channels + c + lane] += sums[Lanes + lane];
                }
            }
        }
    }

    // Mean and reciprocal deviation of each group.
    private static void Combine(double* totals, long channels, long groups, long places, double epsilon, double* moments)
    {
        var width = channels / groups;
        for (var g = 0L; g < groups; g++)
        {
            var (sum, square) = (0.0, 0.0);
            for (var c = g * width; c < (g + 1) * width; c++)
            {
                sum += totals[c];
                square += totals[channels + c];
            }

            var mean = sum / (width * places);
            moments[2 * g] = mean;
            moments[(2 * g) + 1] = 1 / Math.Sqrt(Math.Max((square / (width * places)) - (mean * mean), 0) + epsilon);
        }
    }

    private static void Scale(float* x, float* y, long places, long channels, float* factors)
    {
        for (var p = 0L; p < places; p++, x += channels, y += channels)
        {
            for (var c = 0L; c < channels; c += Lanes)
            {
                Vector512.FusedMultiplyAdd(Vector512.Load(x + c), Vector512.Load(factors + c), Vector512.Load(factors + channels + c)).Store(y + c);
            }
        }
    }

    private static void ScaleWithSiLU(float* x, float* y, long places, long channels, float* factors)
    {
        for (var p = 0L; p < places; p++, x += channels, y += channels)
        {
            for (var c = 0L; c < channels; c += Lanes)
            {
                var v = Vector512.FusedMultiplyAdd(Vector512.Load(x + c), Vector512.Load(factors + c), Vector512.Load(factors + channels + c));
                (v / (Vector512<float>.One + Exp(-v))).Store(y + c);
            }
        }
    }

    // e^x to about two units in the last place: 2^n times a polynomial on |r| <= ln 2 / 2 (Cephes' expf).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.Min(Vector512.Max(x, Vector512.Create(-87f)), Vector512.Create(88f));
        var n = Vector512.Round(x * Vector512.Create(1.44269504088896341f));
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;
        var scale = Vector512.ShiftLeft(Vector512.ConvertToInt32(n) + Vector512.Create(127), 23).AsSingle();
        return p * scale;
    }

    // Of the first row, so that the span's length, an int, is enough for any batch.
    private static float* Pointer(Tensor values)
    {
        using var first = values.narrow(0, 0, 1);
        fixed (byte* pointer = first.bytes)
        {
            return (float*)pointer; // native memory: it does not move
        }
    }
}
