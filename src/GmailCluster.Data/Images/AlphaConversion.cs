using System.Runtime.Intrinsics;

namespace GmailCluster.Data.Images;

/// <summary>Red, green, blue, alpha -> red, green, blue.</summary>
internal static class AlphaConversion
{
    public static void Drop(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        var order = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
        var (from, to) = (0, 0);
        for (; to + 16 <= rgb.Length; from += 16, to += 12)
        {
            Vector128.Shuffle(Vector128.Create(rgba.Slice(from, 16)), order).CopyTo(rgb[to..]);
        }

        for (; to < rgb.Length; from += 4, to += 3)
        {
            rgba.Slice(from, 3).CopyTo(rgb[to..]);
        }
    }

    public static void OverWhite(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            var alpha = rgba[from + 3];
            rgb[to] = OverWhite(rgba[from], alpha);
            rgb[to + 1] = OverWhite(rgba[from + 1], alpha);
            rgb[to + 2] = OverWhite(rgba[from + 2], alpha);
        }
    }

    // AlphaComposite.c over an opaque white: 7 bits of extra precision, division by 255 through shifts.
    public static byte OverWhite(byte value, byte alpha)
    {
        const int precisionBits = 7;
        var sum = ((value * alpha) + (255 * (255 - alpha)) + 0x80) << precisionBits;
        return (byte)((((sum >> 8) + sum) >> 8) >> precisionBits);
    }
}
