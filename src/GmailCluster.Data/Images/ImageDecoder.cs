using System.Buffers;
using System.Runtime.InteropServices;
using GmailCluster.Errors;
using SkiaSharp;

namespace GmailCluster.Data.Images;

/// <summary>
/// Decodes PNG, JPEG, WebP, GIF (first frame) and BMP to the pixels that Pillow gives: colour profiles and EXIF orientation are not
/// applied. Thread-safe. docs/images.md says where the two differ.
/// </summary>
public static class ImageDecoder
{
    /// <summary>Pictures of more pixels are refused: what Pillow calls a decompression bomb.</summary>
    public const long DefaultMaximumPixels = 178_956_970;

    /// <summary>Extensions that name pictures, in the order in which names are tried.</summary>
    public static IReadOnlyList<string> Extensions { get; } = ["jpg", "jpeg", "png", "webp", "gif", "bmp"];

    private const string Remedy = "Replace the file, or leave it out.";

    /// <summary>Decodes one picture.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="where">Names the file in messages, such as a path or <c>train.tar: 0017.png</c>.</param>
    /// <param name="alpha">What becomes of transparency.</param>
    /// <param name="maximumPixels">The largest width x height that is decoded; checked before anything is allocated.</param>
    /// <exception cref="InputException">Empty, cut short, damaged, too large, or no picture of a known format.</exception>
    public static RgbImage Decode(
        ReadOnlySpan<byte> bytes, string where, AlphaHandling alpha = AlphaHandling.OverWhite, long maximumPixels = DefaultMaximumPixels)
    {
        if (bytes.IsEmpty)
        {
            throw new InputException(where, "is empty.", Remedy);
        }

        if (Png16Decoder.IsMatch(bytes))
        {
            return Png16Decoder.Decode(bytes, where, alpha, maximumPixels);
        }

        using var data = SKData.CreateCopy(bytes);
        var gif = GifFirstFrame.Find(bytes);
        if (alpha == AlphaHandling.Drop)
        {
            gif?.MakeOpaque(AsSpan(data));
        }

        using var codec = SKCodec.Create(new SKMemoryStream(data), out var opened);
        if (codec is null)
        {
            throw NotAPicture(where, bytes, opened);
        }

        var (width, height) = (codec.Info.Width, codec.Info.Height);
        Check(width, height, where, maximumPixels);
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp
            or SKEncodedImageFormat.Gif or SKEncodedImageFormat.Bmp))
        {
            throw new InputException(where, $"is a picture in the format {codec.EncodedFormat}, which is not supported.", "Convert it to PNG, JPEG or WebP.");
        }

        // No colour space: the numbers in the file, as Pillow has them.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
        var rgba = ArrayPool<byte>.Shared.Rent(checked(width * height * 4));
        try
        {
            var result = Read(codec, info, rgba);
            if (result != SKCodecResult.Success)
            {
                throw Damaged(where, result);
            }

            var pixels = rgba.AsSpan(0, width * height * 4);
            if (gif is not null && (alpha == AlphaHandling.Drop || !gif.IsTransparent))
            {
                gif.FillUncovered(pixels);
            }

            var rgb = GC.AllocateUninitializedArray<byte>(width * height * 3);
            if (alpha == AlphaHandling.Drop || codec.Info.IsOpaque || IsTruecolourPng(bytes))
            {
                AlphaConversion.Drop(pixels, rgb);
            }
            else
            {
                AlphaConversion.OverWhite(pixels, rgb);
            }

            return new RgbImage(width, height, rgb);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    /// <summary>Reads and decodes a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="alpha">What becomes of transparency.</param>
    /// <param name="maximumPixels">The largest width x height that is decoded.</param>
    /// <exception cref="InputException">The file cannot be read, or is no whole picture.</exception>
    public static RgbImage DecodeFile(
        string path, AlphaHandling alpha = AlphaHandling.OverWhite, long maximumPixels = DefaultMaximumPixels)
    {
        try
        {
            return Decode(File.ReadAllBytes(path), path, alpha, maximumPixels);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be read ({problem.Message.TrimEnd('.')}).", "Check that the file is there and readable.", problem);
        }
    }

    internal static void Check(long width, long height, string where, long maximumPixels)
    {
        // 3 bytes a pixel must fit one array, whatever limit the caller sets.
        var limit = Math.Min(maximumPixels, Array.MaxLength / 4);
        if (width <= 0 || height <= 0 || width > limit / height) // a product of two 32-bit sides may overflow
        {
            throw new InputException(
                where, $"is {width} x {height} pixels, and at most {limit} pixels are decoded.",
                "Scale the picture down; if it is not of such a size, its header is damaged or made to exhaust memory.");
        }
    }

    private static SKCodecResult Read(SKCodec codec, SKImageInfo info, byte[] rgba)
    {
        var handle = GCHandle.Alloc(rgba, GCHandleType.Pinned);
        try
        {
            return codec.GetPixels(info, handle.AddrOfPinnedObject());
        }
        finally
        {
            handle.Free();
        }
    }

    // Red, green and blue with one colour named transparent is mode RGB to Pillow, which is taken as it is.
    private static bool IsTruecolourPng(ReadOnlySpan<byte> bytes) => Png16Decoder.IsPng(bytes) && bytes[25] == 2;

    private static Span<byte> AsSpan(SKData data) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(data.AsSpan()), (int)data.Size); // our own copy of the bytes

    private static InputException NotAPicture(string where, ReadOnlySpan<byte> bytes, SKCodecResult result)
    {
        var start = Convert.ToHexString(bytes[..Math.Min(bytes.Length, 8)]);
        return new InputException(
            where, $"is no picture that can be opened ({bytes.Length} bytes beginning {start}; {result}).",
            "PNG, JPEG, WebP, GIF and BMP are read. " + Remedy);
    }

    private static InputException Damaged(string where, SKCodecResult result) => result == SKCodecResult.IncompleteInput
        ? new InputException(where, "is cut short: its picture ends before the last row.", Remedy)
        : new InputException(where, $"is damaged: its picture cannot be decoded ({result}).", Remedy);
}
