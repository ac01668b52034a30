using GmailCluster.Data.Images;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Pictures;

namespace GmailCluster.Learning.Features;

/// <summary>Pictures as CLIP takes them.</summary>
internal static class PictureTensors
{
    /// <summary>Decoded, resized, cropped and normalised, [B, 3, H, W].</summary>
    public static Tensor Of(IReadOnlyList<Picture> pictures, ClipImageProcessor processor)
    {
        var size = 3 * processor.Height * processor.Width;
        var pixels = new float[pictures.Count * size];
        for (var i = 0; i < pictures.Count; i++)
        {
            processor.Process(ImageDecoder.Decode(pictures[i].Encoded, pictures[i].Where), pixels.AsSpan(i * size, size));
        }

        return TensorRows.From(pixels, pictures.Count, 3, processor.Height, processor.Width);
    }
}
