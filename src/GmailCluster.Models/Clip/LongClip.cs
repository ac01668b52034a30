using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

/// <summary>Long-CLIP (Zhang et al., ECCV 2024, arXiv 2403.15378), section 3.1: more text positions from a short checkpoint.</summary>
public static class LongClip
{
    /// <summary>How many leading positions the released checkpoints keep: those a 77-token CLIP has trained well.</summary>
    public const int KeptPositions = 20;

    /// <summary>
    /// Knowledge-preserved stretching: the first <paramref name="kept"/> rows stay, the others are interpolated linearly to
    /// <paramref name="stretch"/> times as many. 77 positions, 20 kept, 4 times: 248.
    /// </summary>
    /// <param name="positions">[T, C].</param>
    /// <param name="kept">Rows that stay, 0..T-1.</param>
    /// <param name="stretch">At least 2.</param>
    /// <returns>A fresh tensor, [kept + (T - kept) * stretch, C].</returns>
    public static Tensor StretchPositions(Tensor positions, int kept, int stretch)
    {
        ArgumentNullException.ThrowIfNull(positions);
        var t = positions.shape[0];
        ArgumentOutOfRangeException.ThrowIfNegative(kept);
        ArgumentOutOfRangeException.ThrowIfLessThan(t, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kept, t - 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(stretch, 2);

        using var scope = NewDisposeScope();
        var last = positions.narrow(0, t - 1, 1);
        var rest = positions.narrow(0, kept, t - kept); // [R, C]

        // The last row has no successor: it goes on as it came from its predecessor.
        var beyond = last * 2 - positions.narrow(0, t - 2, 1);
        var next = cat([rest.narrow(0, 1, t - kept - 1), beyond]);                                          // [R, C]
        var share = arange(stretch, dtype: positions.dtype, device: positions.device).view(1, -1, 1) / stretch; // [1, S, 1]
        var between = rest.unsqueeze(1) * (1 - share) + next.unsqueeze(1) * share;                          // [R, S, C]
        return cat([positions.narrow(0, 0, kept), between.flatten(0, 1)]).MoveToOuterDisposeScope();
    }
}
