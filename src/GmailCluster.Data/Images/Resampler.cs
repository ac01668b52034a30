using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GmailCluster.Data.Images;

/// <summary>
/// Pillow's 8-bit resampling, bit for bit: a horizontal pass rounded to bytes, then a vertical one, both in 32-bit fixed point.
/// </summary>
internal static class Resampler
{
    private const int Half = 1 << (ResampleKernel.PrecisionBits - 1);

    /// <summary>Computes the part of the resized picture that the two kernels cover.</summary>
    /// <param name="image">The source.</param>
    /// <param name="columns">The kernel of the output's columns.</param>
    /// <param name="rows">The kernel of the output's rows.</param>
    /// <param name="output">[rows.Count, columns.Count, 3].</param>
    public static void Resample(RgbImage image, ResampleKernel columns, ResampleKernel rows, Span<byte> output)
    {
        var (firstRow, rowCount) = (rows.SourceStart, rows.SourceEnd - rows.SourceStart);
        var (sourceStride, stride) = (image.Width * 3, columns.Count * 3);
        var narrowed = ArrayPool<byte>.Shared.Rent(checked(rowCount * stride));
        var padded = ArrayPool<byte>.Shared.Rent(sourceStride + 1);
        try
        {
            for (var y = 0; y < rowCount; y++)
            {
                // The inner loop reads whole words, one byte past a pixel: the last row is read from a copy with that byte behind it.
                var source = image.Rgb.AsSpan((firstRow + y) * sourceStride, sourceStride);
                if (firstRow + y == image.Height - 1)
                {
                    source.CopyTo(padded);
                    source = padded.AsSpan(0, sourceStride);
                }

                Horizontal(source, columns, narrowed.AsSpan(y * stride, stride));
            }

            for (var y = 0; y < rows.Count; y++)
            {
                var weights = rows.Weights.AsSpan(y * rows.Taps, rows.Lengths[y]);
                var source = narrowed.AsSpan((rows.First[y] - firstRow) * stride, weights.Length * stride);
                Vertical(source, weights, output.Slice(y * stride, stride));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(narrowed);
            ArrayPool<byte>.Shared.Return(padded);
        }
    }

    // One pixel at a time: its three channels (and a byte of the next) are the lanes of one vector.
    private static void Horizontal(ReadOnlySpan<byte> source, ResampleKernel kernel, Span<byte> output)
    {
        ref var bytes = ref MemoryMarshal.GetReference(source);
        for (var x = 0; x < kernel.Count; x++)
        {
            var sum = Vector128.Create(Half);
            var first = kernel.First[x];
            var weights = kernel.Weights.AsSpan(x * kernel.Taps, kernel.Lengths[x]);
            for (var k = 0; k < weights.Length; k++)
            {
                var word = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, (first + k) * 3));
                var pixel = Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(word).AsByte())).AsInt32();
                sum += pixel * weights[k];
            }

            sum = Clip(sum);
            (output[x * 3], output[(x * 3) + 1], output[(x * 3) + 2]) = ((byte)sum[0], (byte)sum[1], (byte)sum[2]);
        }
    }

    private static void Vertical(ReadOnlySpan<byte> source, ReadOnlySpan<int> weights, Span<byte> output)
    {
        var x = 0;
        for (; x + 16 <= output.Length; x += 16)
        {
            var (a, b, c, d) = (Vector128.Create(Half), Vector128.Create(Half), Vector128.Create(Half), Vector128.Create(Half));
            for (var k = 0; k < weights.Length; k++)
            {
                var (low, high) = Vector128.Widen(Vector128.Create(source.Slice((k * output.Length) + x, 16)));
                a += Vector128.WidenLower(low).AsInt32() * weights[k];
                b += Vector128.WidenUpper(low).AsInt32() * weights[k];
                c += Vector128.WidenLower(high).AsInt32() * weights[k];
                d += Vector128.WidenUpper(high).AsInt32() * weights[k];
            }

            var (ab, cd) = (Vector128.Narrow(Clip(a), Clip(b)).AsUInt16(), Vector128.Narrow(Clip(c), Clip(d)).AsUInt16());
            Vector128.Narrow(ab, cd).CopyTo(output[x..]);
        }

        for (; x < output.Length; x++)
        {
            var sum = Half;
            for (var k = 0; k < weights.Length; k++)
            {
                sum += source[(k * output.Length) + x] * weights[k];
            }

            output[x] = (byte)Math.Clamp(sum >> ResampleKernel.PrecisionBits, 0, 255);
        }
    }

    private static Vector128<int> Clip(Vector128<int> sum) =>
        Vector128.Min(Vector128.Max(sum >> ResampleKernel.PrecisionBits, Vector128<int>.Zero), Vector128.Create(255));
}
