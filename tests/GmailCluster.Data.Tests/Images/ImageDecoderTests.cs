using CsCheck;
using GmailCluster.Errors;
using GmailCluster.Golden;

namespace GmailCluster.Data.Images;

public sealed class ImageDecoderTests
{
    public static TheoryData<string> Pictures => [.. new ImageReference().Processed.Select(row => row.File).Distinct()];

    [Theory]
    [MemberData(nameof(Pictures))]
    public void A_picture_cut_in_half_is_refused(string file)
    {
        var bytes = ImageReference.Bytes(file);

        foreach (var length in new[] { 1, 8, 20, 33, bytes.Length / 2 })
        {
            var refusal = Assert.Throws<InputException>(() => ImageDecoder.Decode(bytes.AsSpan(0, length), "p"));

            Assert.Equal("p", refusal.Where);
        }
    }

    [Theory]
    [MemberData(nameof(Pictures))]
    public void A_damaged_picture_is_refused_or_decoded(string file)
    {
        var bytes = ImageReference.Bytes(file);
        var flips = Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Int[0, 7]).Array[1, 6];

        Gen.Select(flips, Gen.Int[1, bytes.Length], Gen.Bool).Sample(
            (changes, length, cut) =>
            {
                var damaged = bytes[..(cut ? length : bytes.Length)];
                foreach (var (at, bit) in changes)
                {
                    damaged[at % damaged.Length] ^= (byte)(1 << bit);
                }

                try
                {
                    var image = ImageDecoder.Decode(damaged, "p", AlphaHandling.Drop, maximumPixels: 1 << 20);
                    Assert.Equal(image.Width * image.Height * 3, image.Rgb.Length);
                }
                catch (InputException refusal)
                {
                    Assert.NotEmpty(refusal.Remedy);
                }
            },
            iter: 100,
            threads: 1);
    }

    [Theory]
    [InlineData(8, 65_535u, 65_535u)]
    [InlineData(16, 65_535u, 65_535u)]
    [InlineData(16, uint.MaxValue, uint.MaxValue)]
    [InlineData(16, 1u, uint.MaxValue)]
    public void A_picture_that_claims_too_many_pixels_is_refused_before_they_are_allocated(byte depth, uint width, uint height)
    {
        var bomb = ImageEncoder.EncodePng(ResamplerTests.Pattern(1, 1));
        var header = bomb.AsSpan(bomb.AsSpan().IndexOf("IHDR"u8) + 4);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(header, width);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(header[4..], height);
        header[8] = depth;
        var crc = Crc32.Of(bomb.AsSpan(12, 17));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bomb.AsSpan(29), crc);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var refusal = Assert.Throws<InputException>(() => ImageDecoder.Decode(bomb, "bomb.png"));

        Assert.Contains($"{width} x {height}", refusal.Problem, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Fact]
    public void The_limit_of_pixels_is_the_callers()
    {
        var bytes = ImageEncoder.EncodePng(ResamplerTests.Pattern(64, 48));

        Assert.Equal(64, ImageDecoder.Decode(bytes, "p", maximumPixels: 64 * 48).Width);
        Assert.Throws<InputException>(() => ImageDecoder.Decode(bytes, "p", maximumPixels: (64 * 48) - 1));
    }

    [Fact]
    public void A_png_with_a_wrong_checksum_is_refused()
    {
        var bytes = ImageEncoder.EncodePng(ResamplerTests.Pattern(64, 48));
        bytes[^13] ^= 1; // the last byte of the checksum of the picture's data

        Assert.Throws<InputException>(() => ImageDecoder.Decode(bytes, "p"));
    }

    [Theory]
    [InlineData(2, 3, false)]
    [InlineData(2, 3, true)]
    [InlineData(6, 4, false)]
    [InlineData(6, 4, true)]
    [InlineData(4, 2, false)]
    [InlineData(4, 2, true)]
    public void Sixteen_bits_keep_the_high_byte_as_skia_would_for_doubled_bytes(byte colourType, int channels, bool interlaced)
    {
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 20]).SelectMany((w, h) => Gen.Byte.Array[w * h * channels].Select(s => (w, h, s))).Sample(
            (width, height, samples) =>
            {
                var sixteen = Png16Writer.Write(width, height, colourType, interlaced, [.. samples.Select(s => (ushort)(s * 257))]);
                var truth = Enumerable.Range(0, width * height).SelectMany(i => Rgb(samples.AsSpan(i * channels, channels))).ToArray();

                Assert.Equal(truth, ImageDecoder.Decode(sixteen, "p", AlphaHandling.Drop).Rgb);
                Assert.Equal(BySkia(sixteen), ImageDecoder.Decode(sixteen, "p", AlphaHandling.OverWhite).Rgb);
            },
            iter: 50,
            threads: 1);
    }

    [Fact]
    public void Sixteen_bits_of_gray_are_clipped()
    {
        var png = Png16Writer.Write(3, 2, 0, interlaced: false, [0, 200, 255, 256, 4_000, 65_535]);

        var image = ImageDecoder.Decode(png, "p");

        Assert.Equal([0, 200, 255, 255, 255, 255], Enumerable.Range(0, 6).Select(i => (int)image.Rgb[i * 3]));
    }

    [Theory]
    [InlineData(1, AlphaHandling.Drop, "282828 282828 282828")]
    [InlineData(1, AlphaHandling.OverWhite, "ffffff ffffff ffffff")]
    [InlineData(3, AlphaHandling.Drop, "646464 282828 646464")]
    [InlineData(3, AlphaHandling.OverWhite, "ffffff 282828 ffffff")]
    [InlineData(null, AlphaHandling.Drop, "0a0a0a 282828 0a0a0a")]
    [InlineData(null, AlphaHandling.OverWhite, "0a0a0a 282828 0a0a0a")]
    public void A_gifs_uncovered_and_transparent_pixels_are_pillows(int? transparent, AlphaHandling alpha, string expected)
    {
        byte[] control = transparent is { } index ? [0x21, 0xF9, 4, 1, 0, 0, (byte)index, 0] : [];
        byte[] palette = [10, 10, 10, 40, 40, 40, 70, 70, 70, 100, 100, 100];
        byte[] gif =
        [
            .. "GIF89a"u8, 3, 0, 1, 0, 0x81, 2, 0, .. palette, .. control,
            0x2C, 1, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 0x01, 0, 0x3B, // one pixel of colour 1 at (1, 0)
        ];

        var image = ImageDecoder.Decode(gif, "p", alpha);

        Assert.Equal(expected, string.Join(' ', image.Rgb.Chunk(3).Select(Convert.ToHexStringLower)));
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.Throws<InputException>(() => ImageDecoder.DecodeFile(folder.At("none.png")));
    }

    private static byte[] Rgb(ReadOnlySpan<byte> samples) =>
        samples.Length >= 3 ? samples[..3].ToArray() : [samples[0], samples[0], samples[0]];

    private static byte[] BySkia(byte[] png)
    {
        using var codec = SkiaSharp.SKCodec.Create(new MemoryStream(png));
        var info = new SkiaSharp.SKImageInfo(codec.Info.Width, codec.Info.Height, SkiaSharp.SKColorType.Rgba8888, SkiaSharp.SKAlphaType.Unpremul, null);
        using var bitmap = new SkiaSharp.SKBitmap(info);
        Assert.Equal(SkiaSharp.SKCodecResult.Success, codec.GetPixels(info, bitmap.GetPixels()));
        var rgb = new byte[info.Width * info.Height * 3];
        AlphaConversion.OverWhite(bitmap.Bytes, rgb);
        return rgb;
    }
}
