using CsCheck;
using GmailCluster.Errors;

namespace GmailCluster.Data.Images;

public sealed class ImageEncoderTests
{
    private static readonly Gen<RgbImage> Image = Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40])
        .SelectMany((w, h) => Gen.Byte.Array[w * h * 3].Select(rgb => new RgbImage(w, h, rgb)));

    [Fact]
    public void Png_and_lossless_webp_come_back_unchanged() => Image.Sample(
        image =>
        {
            Assert.Equal(image.Rgb, ImageDecoder.Decode(ImageEncoder.EncodePng(image), "p").Rgb);
            Assert.Equal(image.Rgb, ImageDecoder.Decode(ImageEncoder.EncodeWebp(image), "p").Rgb);
        },
        threads: 1);

    [Fact]
    public void The_same_pixels_give_the_same_bytes_on_any_thread()
    {
        var image = ResamplerTests.Pattern(96, 64);
        string[] Encodings() =>
            [.. new[] { ImageEncoder.EncodePng(image), ImageEncoder.EncodeWebp(image), ImageEncoder.EncodeWebp(image, 80) }.Select(Convert.ToHexString)];
        var expected = Encodings();
        var actual = new string[16][];

        Parallel.For(0, actual.Length, i => actual[i] = Encodings());

        Assert.All(actual, encodings => Assert.Equal(expected, encodings));
    }

    [Fact]
    public void A_png_holds_no_time_text_or_profile()
    {
        var png = ImageEncoder.EncodePng(ResamplerTests.Pattern(64, 64));
        var chunks = new List<string>();
        for (var at = 8; at < png.Length; at += 12 + (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at)))
        {
            chunks.Add(System.Text.Encoding.ASCII.GetString(png, at + 4, 4));
        }

        Assert.Equal(["IDAT", "IEND", "IHDR", "sBIT"], chunks.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(2, png[25]); // red, green, blue
    }

    [Fact]
    public void Lossy_webp_is_smaller_and_close()
    {
        var image = Smooth(80, 60);
        var lossy = ImageEncoder.EncodeWebp(image, 90);
        var decoded = ImageDecoder.Decode(lossy, "p");

        Assert.True(lossy.Length < ImageEncoder.EncodePng(image).Length);
        Assert.InRange(image.Rgb.Zip(decoded.Rgb, (a, b) => Math.Abs(a - b)).Average(), 0, 4);
    }

    [Fact]
    public void A_picture_too_long_for_webp_is_refused()
    {
        var image = new RgbImage(16_384, 1, new byte[16_384 * 3]);

        Assert.Throws<InputException>(() => ImageEncoder.EncodeWebp(image));
        Assert.NotEmpty(ImageEncoder.EncodePng(image));
    }

    private static RgbImage Smooth(int width, int height) => new(
        width, height, [.. Enumerable.Range(0, width * height * 3).Select(i => (byte)(127 + (100 * Math.Sin(i / 3 % width / 9.0) * Math.Cos(i / 3 / width / 7.0))))]);
}
