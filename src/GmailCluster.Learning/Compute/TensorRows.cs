using System.Runtime.InteropServices;

namespace GmailCluster.Learning.Compute;

/// <summary>Between float32 tensors and flat arrays, by block copies (an element loop is thirty times slower).</summary>
public static class TensorRows
{
    /// <summary>The values of a tensor, row by row.</summary>
    public static float[] ToArray(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var detached = values.detach();
        using var contiguous = detached.contiguous();
        return MemoryMarshal.Cast<byte, float>(contiguous.bytes).ToArray();
    }

    /// <summary>A fresh tensor of these values.</summary>
    public static Tensor From(ReadOnlySpan<float> values, params ReadOnlySpan<long> shape)
    {
        var result = empty(shape.ToArray(), ScalarType.Float32);
        values.CopyTo(MemoryMarshal.Cast<byte, float>(result.bytes));
        return result;
    }
}
