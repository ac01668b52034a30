using static TorchSharp.torch;

namespace GmailCluster.Models.Numerics;

/// <summary>Keeps of each row only what lies in the leading principal components of all rows (Long-CLIP, arXiv 2403.15378, section 3.2).</summary>
public static class PrincipalComponents
{
    /// <summary>
    /// Projects centred rows on the leading components and back, and adds the mean again. Differentiable; the gradient goes through the
    /// components, too, but only where it is defined: between a kept and a dropped direction. (Differentiating an eigendecomposition as torch
    /// does divides by the gaps between kept eigenvalues as well, terms that cancel in theory and are noise in fp32.)
    /// </summary>
    /// <param name="rows">[B, P].</param>
    /// <param name="kept">How many components, at least 1; 32 in Long-CLIP. P or more keep everything.</param>
    /// <returns>A fresh tensor, [B, P].</returns>
    public static Tensor Reconstruct(Tensor rows, int kept)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var width = rows.shape[1];
        ArgumentOutOfRangeException.ThrowIfLessThan(kept, 1);
        using var scope = NewDisposeScope();
        var mean = rows.mean([0], keepdim: true);                                     // [1, P]
        var centred = rows - mean;                                                    // [B, P]
        if (kept >= width)
        {
            return (centred + mean).MoveToOuterDisposeScope();
        }

        var covariance = centred.t().mm(centred);                                     // [P, P]
        return (centred.mm(Projector(covariance, kept)) + mean).MoveToOuterDisposeScope();
    }

    // The projector on the leading eigenvectors, as a function of the covariance C to first order:
    // P(C + dC) = P + V_k [(V_k^T dC V_d) / (l_k - l_d)] V_d^T + its transpose, k kept, d dropped.
    private static Tensor Projector(Tensor covariance, int kept)
    {
        var width = covariance.shape[0];
        var fixedCovariance = covariance.detach();
        var (values, vectors) = linalg.eigh(fixedCovariance.to_type(ScalarType.Float64)); // ascending
        var dropped = width - kept;
        var (low, high) = (vectors.narrow(1, 0, dropped), vectors.narrow(1, dropped, kept));             // [P, d], [P, k]
        var gaps = values.narrow(0, dropped, kept).unsqueeze(1) - values.narrow(0, 0, dropped).unsqueeze(0); // [k, d]

        // Rows fewer than components leave kept directions without any extent: turning those changes nothing.
        var tiny = values.narrow(0, width - 1, 1) * 1e-14;                                               // [1]
        var weights = gaps.reciprocal().masked_fill(values.narrow(0, dropped, kept).le(tiny).unsqueeze(1), 0); // [k, d]
        var projector = high.mm(high.t()).to_type(covariance.dtype);                                     // [P, P]
        if (!covariance.requires_grad)
        {
            return projector;
        }

        var change = (covariance - fixedCovariance).to_type(ScalarType.Float64);                         // zero, but not its gradient
        var turn = high.mm(high.t().mm(change).mm(low) * weights).mm(low.t());                              // [P, P]
        return projector + (turn + turn.t()).to_type(covariance.dtype);
    }
}
