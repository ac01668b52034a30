using System.Runtime.InteropServices;
using GmailCluster.Errors;
using SkiaSharp;

namespace GmailCluster.Data.Images;

/// <summary>
/// Encodes pictures with fixed settings, so that the same pixels give the same bytes wherever the same build runs on the same
/// kind of processor. Thread-safe.
/// </summary>
public static class ImageEncoder
{
    private const int WebpLimit = 16_383;

    private static readonly SKPngEncoderOptions Png = new(SKPngEncoderFilterFlags.AllFilters, zLibLevel: 6);

    /// <summary>A PNG of 8-bit RGB, without colour profile, time or text.</summary>
    public static byte[] EncodePng(RgbImage image) => Encode(image, pixels => pixels.Encode(Png));

    /// <summary>A WebP without loss.</summary>
    /// <exception cref="InputException">A side is longer than WebP's 16,383 pixels.</exception>
    public static byte[] EncodeWebp(RgbImage image) => EncodeWebp(image, new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 75));

    /// <summary>A lossy WebP.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="quality">0 (small) to 100 (close).</param>
    /// <exception cref="InputException">A side is longer than WebP's 16,383 pixels.</exception>
    public static byte[] EncodeWebp(RgbImage image, int quality)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(quality);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        return EncodeWebp(image, new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossy, quality));
    }

    private static byte[] EncodeWebp(RgbImage image, SKWebpEncoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Width <= WebpLimit && image.Height <= WebpLimit
            ? Encode(image, pixels => pixels.Encode(options))
            : throw new InputException(
                "webp", $"cannot hold a picture of {image.Width} x {image.Height} pixels: {WebpLimit} is its longest side.", "Use PNG.");
    }

    private static byte[] Encode(RgbImage image, Func<SKPixmap, SKData?> encode)
    {
        ArgumentNullException.ThrowIfNull(image);
        var rgba = Widen(image.Rgb);
        var handle = GCHandle.Alloc(rgba, GCHandleType.Pinned);
        try
        {
            var info = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque, null);
            using var pixels = new SKPixmap(info, handle.AddrOfPinnedObject());
            using var data = encode(pixels);
            return data?.ToArray() ?? throw new GmailClusterException(
                "image encoder", $"could not encode {image.Width} x {image.Height} pixels.", "Try the other format.");
        }
        finally
        {
            handle.Free();
        }
    }

    private static byte[] Widen(ReadOnlySpan<byte> rgb)
    {
        var rgba = GC.AllocateUninitializedArray<byte>(checked(rgb.Length / 3 * 4));
        for (int from = 0, to = 0; from < rgb.Length; from += 3, to += 4)
        {
            (rgba[to], rgba[to + 1], rgba[to + 2], rgba[to + 3]) = (rgb[from], rgb[from + 1], rgb[from + 2], 255);
        }

        return rgba;
    }
}
