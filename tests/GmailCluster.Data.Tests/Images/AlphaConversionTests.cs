namespace GmailCluster.Data.Images;

public sealed class AlphaConversionTests
{
    [Fact]
    public void Over_white_is_the_rounded_blend()
    {
        for (var value = 0; value < 256; value++)
        {
            for (var alpha = 0; alpha < 256; alpha++)
            {
                var exact = ((value * alpha) + (255.0 * (255 - alpha))) / 255;

                Assert.InRange(Math.Abs(AlphaConversion.OverWhite((byte)value, (byte)alpha) - exact), 0, 0.5);
            }
        }
    }

    [Fact]
    public void Dropping_keeps_every_colour()
    {
        foreach (var count in Enumerable.Range(1, 40))
        {
            byte[] rgba = [.. Enumerable.Range(0, count * 4).Select(i => (byte)(i * 37))];
            var rgb = new byte[count * 3];

            AlphaConversion.Drop(rgba, rgb);

            Assert.Equal(rgba.Chunk(4).SelectMany(pixel => pixel[..3]), rgb);
        }
    }
}
