using GmailCluster.Errors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Safetensors;

/// <summary>Decodes the element types that torch has no tensor for here, into the next wider one: exactly, or not at all.</summary>
internal static class SafetensorsWidening
{
    private const int PieceElements = 1 << 20;

    public static Tensor Load(SafetensorsFile file, SafetensorsEntry entry)
    {
        var size = entry.Dtype.SizeBytes;
        var count = entry.LengthBytes / size;
        var tensor = empty([.. entry.Shape], dtype: entry.Dtype.Torch);
        using var flat = tensor.view(-1);
        for (long at = 0; at < count; at += PieceElements)
        {
            var n = (int)Math.Min(PieceElements, count - at);
            var source = file.Bytes(entry.Name, at * size, n * size);
            using var decoded = Decode(source, entry, file.Where);
            using var target = flat.narrow(0, at, n);
            target.copy_(decoded);
        }

        return tensor;
    }

    private static Tensor Decode(ReadOnlySpan<byte> source, SafetensorsEntry entry, string where)
    {
        switch (entry.Dtype.Name)
        {
            case "U16":
                return tensor(Array.ConvertAll(SafetensorsFormat.Cast<ushort>(source).ToArray(), v => (int)v));
            case "U32":
                return tensor(Array.ConvertAll(SafetensorsFormat.Cast<uint>(source).ToArray(), v => (long)v));
            case "U64":
                return tensor(Array.ConvertAll(SafetensorsFormat.Cast<ulong>(source).ToArray(), v => v <= long.MaxValue
                    ? (long)v
                    : throw new InputException(where, $"has {v} in the U64 tensor '{entry.Name}', beyond what a signed 64-bit number holds.", "Store it as F64 or split it.")));
            case "F8_E5M2":
                return tensor(Array.ConvertAll(source.ToArray(), E5M2));
            case "F8_E4M3":
                return tensor(Array.ConvertAll(source.ToArray(), E4M3));
            default: // F8_E8M0
                return tensor(Array.ConvertAll(source.ToArray(), E8M0));
        }
    }

    // OCP 8-bit floating point, revision 1.0. E5M2 is the upper byte of an IEEE half.
    internal static float E5M2(byte bits) => (float)BitConverter.UInt16BitsToHalf((ushort)(bits << 8));

    // E4M3 (the "fn" form): bias 7, no infinities, NaN only at S.1111.111.
    internal static float E4M3(byte bits)
    {
        var (exponent, mantissa) = ((bits >> 3) & 15, bits & 7);
        var magnitude = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => MathF.ScaleB(mantissa, -9),
            _ => MathF.ScaleB(8 + mantissa, exponent - 10),
        };
        return (bits & 0x80) != 0 ? -magnitude : magnitude;
    }

    // E8M0 (OCP microscaling): a bare power of two, bias 127, NaN at 255.
    internal static float E8M0(byte bits) => bits == 255 ? float.NaN : MathF.ScaleB(1, bits - 127);
}
