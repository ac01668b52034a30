using CsCheck;
using System.Security.Cryptography;

namespace GmailCluster.Data.Images;

public sealed class ResamplerTests
{
    // SHA-256 (its first 8 bytes) of what Image.resize of Pillow 9.4.0 gives for the same formula; its resampling has not changed since 3.x.
    [Theory]
    [InlineData(61, 47, 20, 31, ResampleFilter.Nearest, "6cb7aacf43a66ff5")]
    [InlineData(61, 47, 20, 31, ResampleFilter.Lanczos, "38a20786847da190")]
    [InlineData(61, 47, 20, 31, ResampleFilter.Bilinear, "e9e41cfd022f2fbe")]
    [InlineData(61, 47, 20, 31, ResampleFilter.Bicubic, "15281fd328d9c288")]
    [InlineData(61, 47, 20, 31, ResampleFilter.Box, "ce0b9465cee8b8df")]
    [InlineData(61, 47, 20, 31, ResampleFilter.Hamming, "4ab25cc59cac846f")]
    [InlineData(5, 200, 64, 7, ResampleFilter.Nearest, "617c82367b65232a")]
    [InlineData(5, 200, 64, 7, ResampleFilter.Lanczos, "e93a78f88d32da84")]
    [InlineData(5, 200, 64, 7, ResampleFilter.Bilinear, "5f062d1d07a87b0c")]
    [InlineData(5, 200, 64, 7, ResampleFilter.Bicubic, "e5d562c0724db3ce")]
    [InlineData(5, 200, 64, 7, ResampleFilter.Box, "1d23c523ca90dbee")]
    [InlineData(5, 200, 64, 7, ResampleFilter.Hamming, "fbdcb6c7d761b4e7")]
    [InlineData(1, 1, 9, 9, ResampleFilter.Nearest, "56553f7aba1e72c8")]
    [InlineData(1, 1, 9, 9, ResampleFilter.Lanczos, "56553f7aba1e72c8")]
    [InlineData(1, 1, 9, 9, ResampleFilter.Bilinear, "56553f7aba1e72c8")]
    [InlineData(1, 1, 9, 9, ResampleFilter.Bicubic, "56553f7aba1e72c8")]
    [InlineData(1, 1, 9, 9, ResampleFilter.Box, "56553f7aba1e72c8")]
    [InlineData(1, 1, 9, 9, ResampleFilter.Hamming, "56553f7aba1e72c8")]
    [InlineData(64, 64, 64, 20, ResampleFilter.Nearest, "e88d76fc5294923e")]
    [InlineData(64, 64, 64, 20, ResampleFilter.Lanczos, "fb3518f50dac17ec")]
    [InlineData(64, 64, 64, 20, ResampleFilter.Bilinear, "697bf347f06b81a8")]
    [InlineData(64, 64, 64, 20, ResampleFilter.Bicubic, "998cc54228183452")]
    [InlineData(64, 64, 64, 20, ResampleFilter.Box, "47f9c2dccdf943b2")]
    [InlineData(64, 64, 64, 20, ResampleFilter.Hamming, "becf973c4f914904")]
    [InlineData(333, 222, 224, 149, ResampleFilter.Nearest, "c375a2ae4bac2e40")]
    [InlineData(333, 222, 224, 149, ResampleFilter.Lanczos, "349247ca65171d3d")]
    [InlineData(333, 222, 224, 149, ResampleFilter.Bilinear, "4b128c7f5390f6fe")]
    [InlineData(333, 222, 224, 149, ResampleFilter.Bicubic, "7f1ff84d5d65f5bc")]
    [InlineData(333, 222, 224, 149, ResampleFilter.Box, "6b7aae787119a562")]
    [InlineData(333, 222, 224, 149, ResampleFilter.Hamming, "09cf1c77e60d1dc0")]
    public void Every_filter_resizes_as_pillow_does(int width, int height, int toWidth, int toHeight, ResampleFilter filter, string sha256)
    {
        var output = new byte[toWidth * toHeight * 3];

        Resampler.Resample(
            Pattern(width, height), ResampleKernel.Create(filter, width, toWidth, 0, toWidth),
            ResampleKernel.Create(filter, height, toHeight, 0, toHeight), output);

        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(output))[..16]);
    }

    [Fact]
    public void A_part_is_the_part_of_the_whole()
    {
        var sizes = Gen.Int[1, 60];

        Gen.Select(sizes, sizes, sizes, sizes, Gen.Enum<ResampleFilter>()).Sample((width, height, toWidth, toHeight, filter) =>
        {
            var (left, top) = (toWidth / 3, toHeight / 4);
            var (columns, rows) = (toWidth - left, toHeight - top);
            byte[] whole = new byte[toWidth * toHeight * 3], part = new byte[columns * rows * 3];
            var image = Pattern(width, height);

            Resampler.Resample(image, ResampleKernel.Create(filter, width, toWidth, 0, toWidth), ResampleKernel.Create(filter, height, toHeight, 0, toHeight), whole);
            Resampler.Resample(image, ResampleKernel.Create(filter, width, toWidth, left, columns), ResampleKernel.Create(filter, height, toHeight, top, rows), part);

            for (var y = 0; y < rows; y++)
            {
                var expected = whole.AsSpan((((top + y) * toWidth) + left) * 3, columns * 3);
                Assert.True(expected.SequenceEqual(part.AsSpan(y * columns * 3, columns * 3)));
            }
        });
    }

    internal static RgbImage Pattern(int width, int height)
    {
        var rgb = new byte[width * height * 3];
        for (var i = 0; i < rgb.Length; i++)
        {
            var (x, y, c) = (i / 3 % width, i / 3 / width, i % 3);
            rgb[i] = (byte)((x * 7) + (y * 13) + (c * 29) + (x * y % 31));
        }

        return new RgbImage(width, height, rgb);
    }
}
