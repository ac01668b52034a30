namespace GmailCluster.Learning.Contrastive;

/// <summary>
/// The unbiased squared maximum mean discrepancy (Gretton et al. 2012, equation 3) between two sets of B rows, with Gaussian
/// kernels exp(-d^2 / 2 sigma^2) of several widths summed, split over ranks: a rank makes the terms and the exact gradient of its
/// own rows from [b, B] blocks.
/// </summary>
// b rows of a rank, B rows of all, P width.
public static class Mmd
{
    /// <summary>The rank's share of the value, and the gradient of the value by its own rows of X.</summary>
    /// <param name="ownX">The rank's rows of X, [b, P].</param>
    /// <param name="allX">All rows of X, [B, P].</param>
    /// <param name="ownY">The rank's rows of Y, [b, P].</param>
    /// <param name="allY">All rows of Y, [B, P].</param>
    /// <param name="offset">The first of the rank's rows.</param>
    /// <param name="sigmas">Widths of the kernels.</param>
    public static MmdPart Gradient(Tensor ownX, Tensor allX, Tensor ownY, Tensor allY, int offset, IReadOnlyList<double> sigmas)
    {
        ArgumentNullException.ThrowIfNull(ownX);
        ArgumentNullException.ThrowIfNull(allX);
        ArgumentNullException.ThrowIfNull(sigmas);
        var (b, global) = (ownX.shape[0], allX.shape[0]);
        var within = 1.0 / (global * (global - 1.0));
        var across = 1.0 / ((double)global * global);
        var other = OtherRows(ownX, b, global, offset); // [b, B]: 0 where a row meets itself
        var (xx, slopeXx) = Kernel(ownX, allX, sigmas);
        var (yy, _) = Kernel(ownY, allY, sigmas);
        var (xy, slopeXy) = Kernel(ownX, allY, sigmas);
        var share = Sum(xx * other, within) + Sum(yy * other, within) - (2 * Sum(xy, across));

        // d k / d x_i = -slope (x_i - x_j); every pair within X counts twice.
        var weightsXx = slopeXx * other * (-2 * within);
        var weightsXy = slopeXy * (2 * across);
        var gradient = Pull(ownX, allX, weightsXx) + Pull(ownX, allY, weightsXy); // [b, P]
        return new MmdPart(share, gradient);
    }

    // The kernel and sum over sigma of kernel / sigma^2, [b, B] each.
    private static (Tensor Kernel, Tensor Slope) Kernel(Tensor own, Tensor all, IReadOnlyList<double> sigmas)
    {
        var distance = (own.square().sum([1]).unsqueeze(1) + all.square().sum([1]).unsqueeze(0) - (own.mm(all.t()) * 2)).clamp_min(0);
        var kernel = zeros_like(distance);
        var slope = zeros_like(distance);
        foreach (var sigma in sigmas)
        {
            var one = (distance * (-0.5 / (sigma * sigma))).exp();
            kernel = kernel + one;
            slope = slope.add(one, 1 / (sigma * sigma));
        }

        return (kernel, slope);
    }

    // Sum over j of w_ij (x_i - x_j).
    private static Tensor Pull(Tensor own, Tensor all, Tensor weights) => (own * weights.sum([1]).unsqueeze(1)) - weights.mm(all);

    private static double Sum(Tensor values, double factor) => values.sum().to(ScalarType.Float64).item<double>() * factor;

    private static Tensor OtherRows(Tensor like, long b, long global, int offset)
    {
        var others = ones(b, global, like.dtype, like.device);
        others.narrow(1, offset, b).sub_(eye(b, dtype: like.dtype, device: like.device));
        return others;
    }
}

/// <summary>A rank's part of an MMD^2.</summary>
/// <param name="Share">The ranks' shares sum to the value.</param>
/// <param name="Own">Gradient of the value by the rank's rows of X, [b, P].</param>
public sealed record MmdPart(double Share, Tensor Own);
