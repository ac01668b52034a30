using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>
/// Rows of a batch that stand for several: in classifier-free guidance both halves see the same latents, and differ only from the first
/// look at a text on. Until then each is computed once.
/// </summary>
internal static class BatchRows
{
    /// <summary>The rows once more after themselves, as often as it takes; the tensor itself if it has them already.</summary>
    /// <param name="values">[B, ...].</param>
    /// <param name="rows">A multiple of B.</param>
    public static Tensor Repeat(Tensor values, long rows)
    {
        var times = rows / values.shape[0];
        return times == 1 ? values : cat([.. Enumerable.Repeat(values, (int)times)], 0); // cat keeps channels last, repeat does not
    }
}
