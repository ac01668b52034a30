using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using GmailCluster.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace GmailCluster.Models.Layers;

/// <summary>
/// x W^T for few rows of x, at the speed at which W can be read: a token at a time, a product costs its memory traffic. BLAS leaves
/// half of that behind at one row, and more at a few.
/// </summary>
// M rows of x, I inputs, O outputs.
internal static unsafe class SkinnyProduct
{
    private const int Tile = 4;

    /// <summary>What the layer's own <c>forward</c> gives, to rounding.</summary>
    public static Tensor Forward(AdaptableLinear layer, Tensor input)
    {
        var output = Linear(input, layer.Weight, layer.Bias);
        return layer.Update is { } update ? output + update.Apply(input) : output;
    }

    /// <summary>What torch's <c>linear</c> gives, to rounding: by these loops where they are faster, else by <see cref="LinearProduct"/>.</summary>
    /// <param name="input">[..., I].</param>
    /// <param name="weight">[O, I].</param>
    /// <param name="bias">[O] or null.</param>
    /// <returns>[..., O].</returns>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias = null)
    {
        var inputs = weight.shape[1];
        return Accepts(input, weight, input.numel() / inputs, inputs) ? Multiply(input, weight, bias) : LinearProduct.Of(input, weight, bias);
    }

    // Dense float32 in main memory, one thread, no graph to record; and few rows: at 128 inputs BLAS catches up at 16 rows, at 768
    // inputs nowhere below 64 (measured on Zen 4).
    private static bool Accepts(Tensor input, Tensor weight, long rows, long inputs) =>
        Vector512.IsHardwareAccelerated && rows <= (inputs < 512 ? 16 : 64)
        && !(is_grad_enabled() && (input.requires_grad || weight.requires_grad)) && get_num_threads() == 1
        && weight.dtype == ScalarType.Float32 && input.dtype == ScalarType.Float32
        && weight.device_type == DeviceType.CPU && weight.is_contiguous();

    private static Tensor Multiply(Tensor input, Tensor weight, Tensor? bias)
    {
        var (shape, sizes) = (input.shape, weight.shape);
        var (outputs, inputs) = ((int)sizes[0], (int)sizes[1]);
        shape[^1] = outputs;
        using var dense = input.contiguous();
        var result = empty(shape);
        var rows = (int)(dense.numel() / inputs);
        fixed (float* x = Floats(dense), w = Floats(weight), y = Floats(result), b = bias is null ? default : Floats(bias))
        {
            Multiply(x, w, b, y, rows, inputs, outputs);
        }

        return result;
    }

    private static Span<float> Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    private static void Multiply(float* x, float* weight, float* bias, float* y, int rows, int inputs, int outputs)
    {
        var o = 0;
        for (; o + Tile <= outputs; o += Tile)
        {
            var w = weight + ((nint)o * inputs);
            var m = 0;
            for (; m + Tile <= rows; m += Tile)
            {
                FourByFour(x + ((nint)m * inputs), w, y + ((nint)m * outputs) + o, inputs, outputs);
            }

            for (; m < rows; m++)
            {
                FourByOne(x + ((nint)m * inputs), w, y + ((nint)m * outputs) + o, inputs);
            }
        }

        for (; o < outputs; o++)
        {
            for (var m = 0; m < rows; m++)
            {
                y[((nint)m * outputs) + o] = Dot(x + ((nint)m * inputs), weight + ((nint)o * inputs), inputs);
            }
        }

        if (bias is not null)
        {
            for (var m = 0; m < rows; m++)
            {
                var row = new Span<float>(y + ((nint)m * outputs), outputs);
                TensorPrimitives.Add(row, new ReadOnlySpan<float>(bias, outputs), row);
            }
        }
    }

    private static void FourByOne(float* x, float* w, float* y, int inputs)
    {
        var w1 = w + inputs;
        var w2 = w1 + inputs;
        var w3 = w2 + inputs;
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
        var i = 0;
        for (; i + Vector512<float>.Count <= inputs; i += Vector512<float>.Count)
        {
            var v = Vector512.Load(x + i);
            a0 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w + i), a0);
            a1 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w1 + i), a1);
            a2 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w2 + i), a2);
            a3 = Vector512.FusedMultiplyAdd(v, Vector512.Load(w3 + i), a3);
        }

        y[0] = Vector512.Sum(a0) + Rest(x, w, i, inputs);
        y[1] = Vector512.Sum(a1) + Rest(x, w1, i, inputs);
        y[2] = Vector512.Sum(a2) + Rest(x, w2, i, inputs);
        y[3] = Vector512.Sum(a3) + Rest(x, w3, i, inputs);
    }

    private static void FourByFour(float* x, float* w, float* y, int inputs, int outputs)
    {
        var x1 = x + inputs;
        var x2 = x1 + inputs;
        var x3 = x2 + inputs;
        var w1 = w + inputs;
        var w2 = w1 + inputs;
        var w3 = w2 + inputs;
        Vector512<float> a00 = default, a01 = default, a02 = default, a03 = default;
        Vector512<float> a10 = default, a11 = default, a12 = default, a13 = default;
        Vector512<float> a20 = default, a21 = default, a22 = default, a23 = default;
        Vector512<float> a30 = default, a31 = default, a32 = default, a33 = default;
        var i = 0;
        for (; i + Vector512<float>.Count <= inputs; i += Vector512<float>.Count)
        {
            var (u0, u1, u2, u3) = (Vector512.Load(w + i), Vector512.Load(w1 + i), Vector512.Load(w2 + i), Vector512.Load(w3 + i));
            var v = Vector512.Load(x + i);
            a00 = Vector512.FusedMultiplyAdd(v, u0, a00);
            a01 = Vector512.FusedMultiplyAdd(v, u1, a01);
            a02 = Vector512.FusedMultiplyAdd(v, u2, a02);
            a03 = Vector512.FusedMultiplyAdd(v, u3, a03);
            v = Vector512.Load(x1 + i);
            a10 = Vector512.FusedMultiplyAdd(v, u0, a10);
            a11 = Vector512.FusedMultiplyAdd(v, u1, a11);
            a12 = Vector512.FusedMultiplyAdd(v, u2, a12);
            a13 = Vector512.FusedMultiplyAdd(v, u3, a13);
            v = Vector512.Load(x2 + i);
            a20 = Vector512.FusedMultiplyAdd(v, u0, a20);
            a21 = Vector512.FusedMultiplyAdd(v, u1, a21);
            a22 = Vector512.FusedMultiplyAdd(v, u2, a22);
            a23 = Vector512.FusedMultiplyAdd(v, u3, a23);
            v = Vector512.Load(x3 + i);
            a30 = Vector512.FusedMultiplyAdd(v, u0, a30);
            a31 = Vector512.FusedMultiplyAdd(v, u1, a31);
            a32 = Vector512.FusedMultiplyAdd(v, u2, a32);
            a33 = Vector512.FusedMultiplyAdd(v, u3, a33);
        }

        Store(y, a00, a01, a02, a03, x, w, i, inputs);
        Store(y + outputs, a10, a11, a12, a13, x1, w, i, inputs);
        Store(y + (2 * (nint)outputs), a20, a21, a22, a23, x2, w, i, inputs);
        Store(y + (3 * (nint)outputs), a30, a31, a32, a33, x3, w, i, inputs);
    }

    private static void Store(
        float* y, Vector512<float> a0, Vector512<float> a1, Vector512<float> a2, Vector512<float> a3, float* x, float* w, int i, int inputs)
    {
        y[0] = Vector512.Sum(a0) + Rest(x, w, i, inputs);
        y[1] = Vector512.Sum(a1) + Rest(x, w + inputs, i, inputs);
        y[2] = Vector512.Sum(a2) + Rest(x, w + (2 * (nint)inputs), i, inputs);
        y[3] = Vector512.Sum(a3) + Rest(x, w + (3 * (nint)inputs), i, inputs);
    }

    private static float Dot(float* x, float* w, int inputs)
    {
        Vector512<float> a = default;
        var i = 0;
        for (; i + Vector512<float>.Count <= inputs; i += Vector512<float>.Count)
        {
            a = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), Vector512.Load(w + i), a);
        }

        return Vector512.Sum(a) + Rest(x, w, i, inputs);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Rest(float* x, float* w, int from, int inputs)
    {
        var sum = 0f;
        for (var i = from; i < inputs; i++)
        {
            sum = MathF.FusedMultiplyAdd(x[i], w[i], sum);
        }

        return sum;
    }
}
