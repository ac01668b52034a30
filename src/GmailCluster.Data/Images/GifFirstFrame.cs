namespace GmailCluster.Data.Images;

/// <summary>
/// What Pillow does with a GIF's first frame when it becomes RGB: transparent pixels show their palette colour, and pixels the
/// frame does not cover show the transparent one's, or that of entry 0. (Skia leaves both black and transparent.)
/// </summary>
internal sealed class GifFirstFrame
{
    private readonly int _flagsAt;
    private readonly byte[] _background;

    private GifFirstFrame(int flagsAt, bool isTransparent, byte[] background)
    {
        _flagsAt = flagsAt;
        IsTransparent = isTransparent;
        _background = background;
    }

    /// <summary>Whether the frame names a transparent colour.</summary>
    public bool IsTransparent { get; }

    /// <summary>Finds the first frame's settings; null when the bytes are no GIF or end before it.</summary>
    public static GifFirstFrame? Find(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 13 || !(bytes.StartsWith("GIF87a"u8) || bytes.StartsWith("GIF89a"u8)))
        {
            return null;
        }

        var palette = ReadPalette(bytes, 13, bytes[10], out var at);
        var (flagsAt, transparent) = (-1, -1);
        while (at < bytes.Length)
        {
            if (bytes[at] == 0x2C && at + 10 <= bytes.Length)
            {
                var local = ReadPalette(bytes, at + 10, bytes[at + 9], out _);
                palette = local.IsEmpty ? palette : local;
                return new GifFirstFrame(flagsAt, transparent >= 0, Color(palette, Math.Max(transparent, 0)));
            }

            if (bytes[at] != 0x21 || at + 2 > bytes.Length)
            {
                return null;
            }

            if (bytes[at + 1] == 0xF9 && at + 7 <= bytes.Length)
            {
                flagsAt = at + 3;
                transparent = (bytes[flagsAt] & 1) == 1 ? bytes[at + 6] : -1;
            }

            at = SkipBlocks(bytes, at + 2);
        }

        return null;
    }

    /// <summary>Takes the transparency flag out of the file's bytes.</summary>
    public void MakeOpaque(Span<byte> bytes)
    {
        if (_flagsAt >= 0)
        {
            bytes[_flagsAt] &= 0xFE;
        }
    }

    /// <summary>Colours what the frame left uncovered.</summary>
    public void FillUncovered(Span<byte> rgba)
    {
        for (var at = 0; at < rgba.Length; at += 4)
        {
            if (rgba[at + 3] == 0)
            {
                _background.CopyTo(rgba[at..]);
                rgba[at + 3] = byte.MaxValue;
            }
        }
    }

    private static ReadOnlySpan<byte> ReadPalette(ReadOnlySpan<byte> bytes, int start, byte flags, out int end)
    {
        var length = (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
        end = start + length;
        return end <= bytes.Length ? bytes.Slice(start, length) : default;
    }

    private static byte[] Color(ReadOnlySpan<byte> palette, int index) =>
        (3 * index) + 3 <= palette.Length ? palette.Slice(3 * index, 3).ToArray() : [0, 0, 0];

    private static int SkipBlocks(ReadOnlySpan<byte> bytes, int at)
    {
        while (at < bytes.Length && bytes[at] != 0)
        {
            at += 1 + bytes[at];
        }

        return at + 1;
    }
}
