using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GmailCluster.Learning.Optim;

/// <summary>
/// bfloat16, the upper half of a float32: rounding to nearest, ties to even, as torch does it. The result does not depend on the
/// vector width. NaN stays NaN, and what rounds beyond the largest value becomes infinity.
/// </summary>
public static class Bfloat16
{
    private const uint QuietNaN = 0x7FC0_0000;
    private const uint Kept = 0xFFFF_0000;

    /// <summary>Rounds values in place.</summary>
    public static void Round(Span<float> values)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        for (var i = 0; i < vectors.Length; i++)
        {
            vectors[i] = Round(vectors[i]);
        }

        for (var i = vectors.Length * Vector<float>.Count; i < values.Length; i++)
        {
            values[i] = Round(values[i]);
        }
    }

    /// <summary>Rounded sums of two buffers; the destination may be either of them.</summary>
    public static void Add(ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(right.Length, left.Length, nameof(right));
        destination = destination[..left.Length];
        var lefts = MemoryMarshal.Cast<float, Vector<float>>(left);
        var rights = MemoryMarshal.Cast<float, Vector<float>>(right);
        var sums = MemoryMarshal.Cast<float, Vector<float>>(destination);
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] = Round(lefts[i] + rights[i]);
        }

        for (var i = sums.Length * Vector<float>.Count; i < left.Length; i++)
        {
            destination[i] = Round(left[i] + right[i]);
        }
    }

    /// <summary>Rounds values and lays them out in two bytes each.</summary>
    public static void Pack(ReadOnlySpan<float> values, Span<ushort> packed)
    {
        packed = packed[..values.Length];
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        var halves = MemoryMarshal.Cast<ushort, Vector<ushort>>(packed);
        for (var i = 0; i < halves.Length; i++)
        {
            var low = Round(vectors[2 * i]).As<float, uint>() >>> 16;
            var high = Round(vectors[(2 * i) + 1]).As<float, uint>() >>> 16;
            halves[i] = Vector.Narrow(low, high);
        }

        for (var i = halves.Length * Vector<ushort>.Count; i < values.Length; i++)
        {
            packed[i] = (ushort)(BitConverter.SingleToUInt32Bits(Round(values[i])) >> 16);
        }
    }

    /// <summary>The values of <see cref="Pack"/>.</summary>
    public static void Unpack(ReadOnlySpan<ushort> packed, Span<float> values)
    {
        values = values[..packed.Length];
        var halves = MemoryMarshal.Cast<ushort, Vector<ushort>>(packed);
        var vectors = MemoryMarshal.Cast<float, Vector<uint>>(values);
        for (var i = 0; i < halves.Length; i++)
        {
            Vector.Widen(halves[i], out var low, out var high);
            vectors[2 * i] = low << 16;
            vectors[(2 * i) + 1] = high << 16;
        }

        for (var i = halves.Length * Vector<ushort>.Count; i < packed.Length; i++)
        {
            values[i] = BitConverter.UInt32BitsToSingle((uint)packed[i] << 16);
        }
    }

    // Adding half of the last kept bit's weight less one, and that bit itself, carries into the kept half exactly when
    // round-to-nearest-even goes up.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Round(Vector<float> values)
    {
        var bits = values.As<float, uint>();
        var rounded = (bits + new Vector<uint>(0x7FFF) + ((bits >>> 16) & Vector<uint>.One)) & new Vector<uint>(Kept);
        return Vector.ConditionalSelect(Vector.Equals(values, values), rounded.As<uint, float>(), new Vector<uint>(QuietNaN).As<uint, float>());
    }

    private static float Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle(float.IsNaN(value) ? QuietNaN : (bits + 0x7FFF + ((bits >> 16) & 1)) & Kept);
    }
}
