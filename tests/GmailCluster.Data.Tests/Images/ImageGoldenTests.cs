using GmailCluster.Errors;
using GmailCluster.Golden;

namespace GmailCluster.Data.Images;

/// <summary>Decoding and preparing pictures, against transformers' CLIPImageProcessor on Pillow.</summary>
public sealed class ImageGoldenTests
{
    private static readonly ImageReference Reference = new();

    [Fact]
    public void Decoded_pixels_equal_pillows()
    {
        Assert.NotEmpty(Reference.DecodedFiles);

        foreach (var file in Reference.DecodedFiles)
        {
            var (expected, actual) = (Reference.Decoded(file)!, ImageDecoder.Decode(ImageReference.Bytes(file), file, AlphaHandling.Drop));

            Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
            Assert.True(expected.Rgb.AsSpan().SequenceEqual(actual.Rgb), $"{file} is decoded to other pixels.");
        }
    }

    // The promise is a mean error under 1/255; what is reached is equality. The references lay transparent pictures over white,
    // although their decoded pixels (rgb:) have alpha dropped: hence the two ways of decoding.
    [Fact]
    public void Prepared_pictures_equal_the_references()
    {
        Assert.NotEmpty(Reference.Processed);

        foreach (var (key, file, size) in Reference.Processed)
        {
            var processor = new ClipImageProcessor(new ClipImageSettings { ShortestEdge = size, CropSize = (size, size) });
            var image = ImageDecoder.Decode(ImageReference.Bytes(file), file);
            var actual = new float[processor.Size];
            processor.Process(image, actual);

            var expected = Reference.Pixels(key);
            Assert.Equal(expected.Length, actual.Length);
            var (sum, worst) = (0.0, 0.0);
            for (var i = 0; i < actual.Length; i++)
            {
                var error = Math.Abs((double)expected[i] - actual[i]);
                (sum, worst) = (sum + error, Math.Max(worst, error));
            }

            // Where neither the file nor the reference fixes the pixels, another build of a decoder may round otherwise.
            var mayRound = Reference.Decoded(file) is null && Path.GetExtension(file) is (".jpg" or ".webp");
            var mean = sum / actual.Length;
            Assert.True(mayRound ? mean < 1 / 255.0 : worst < 1e-6, $"{key}: mean error {mean:e2}, largest {worst:e2}.");
        }
    }

    [Fact]
    public void Files_that_are_no_whole_picture_are_refused_by_name()
    {
        var known = Reference.Processed.Select(row => row.File).ToHashSet(StringComparer.Ordinal);
        string[] broken = [.. Directory.GetFiles(GoldenFolder.Under("images")).Select(path => Path.GetFileName(path)!)
            .Where(name => !known.Contains(name) && !name.StartsWith("reference.", StringComparison.Ordinal))];
        Assert.NotEmpty(broken);

        foreach (var file in broken)
        {
            var refusal = Assert.Throws<InputException>(() => ImageDecoder.Decode(ImageReference.Bytes(file), file));

            Assert.Equal(file, refusal.Where);
            Assert.NotEmpty(refusal.Remedy);
        }
    }
}
