namespace GmailCluster.Learning.Contrastive;

/// <summary>
/// SigLIP's loss of a global batch (Zhai et al. 2023, arXiv 2303.15343, section 3.2), split over ranks: with S = scale · A Bᵀ + bias and
/// y = 1 on the diagonal, -1 elsewhere, loss = sum over i, j of softplus(-y S_ij) / B. Pairs are independent, so a rank needs nobody's
/// log-sum-exp: it makes its own rows' loss and the exact gradient of its own embeddings from [b, B] blocks.
/// </summary>
// b rows of a rank, B rows of all, P width.
public static class SigLip
{
    /// <summary>The rank's share of the loss and the exact gradients of its own rows.</summary>
    /// <param name="ownA">The rank's rows of A, normalised, [b, P].</param>
    /// <param name="ownB">The rank's rows of B, normalised, [b, P].</param>
    /// <param name="allA">All rows of A, [B, P].</param>
    /// <param name="allB">All rows of B, [B, P].</param>
    /// <param name="offset">The first of the rank's rows.</param>
    /// <param name="scale">Factor on the cosines.</param>
    /// <param name="bias">Added to the logits.</param>
    public static SigLipPart Gradient(Tensor ownA, Tensor ownB, Tensor allA, Tensor allB, int offset, double scale, double bias)
    {
        ArgumentNullException.ThrowIfNull(ownA);
        ArgumentNullException.ThrowIfNull(ownB);
        ArgumentNullException.ThrowIfNull(allA);
        ArgumentNullException.ThrowIfNull(allB);
        var global = allA.shape[0];
        var signs = Signs(ownA, global, offset);                                     // [b, B]
        var logitsA = (((ownA * scale).mm(allB.t()) + bias) * signs).neg();          // [b, B]: -y S of own rows
        var logitsB = (((ownB * scale).mm(allA.t()) + bias) * signs).neg();          // [b, B]: -y S of own columns
        var share = Total(nn.functional.softplus(logitsA)) / global;

        // dL/dS_ij = -y sigmoid(-y S_ij) / B.
        var weightsA = (logitsA.sigmoid() * signs) * (-1.0 / global);                // [b, B]
        var weightsB = (logitsB.sigmoid() * signs) * (-1.0 / global);                // [b, B]
        var (gradientA, gradientB) = (weightsA.mm(allB) * scale, weightsB.mm(allA) * scale); // [b, P]
        return new SigLipPart(share, gradientA, gradientB, Total(ownA * gradientA) / scale, Total(weightsA));
    }

    private static double Total(Tensor values) => values.sum().to(ScalarType.Float64).item<double>();

    // 1 where a row meets its own pair, -1 elsewhere.
    private static Tensor Signs(Tensor own, long global, int offset)
    {
        var (b, signs) = (own.shape[0], full(own.shape[0], global, -1, own.dtype, own.device));
        signs.narrow(1, offset, b).add_(eye(b, dtype: own.dtype, device: own.device), 2);
        return signs;
    }
}

/// <summary>A rank's part of a SigLIP loss.</summary>
/// <param name="Share">The ranks' shares sum to the loss.</param>
/// <param name="OwnA">Gradient of the loss by the rank's rows of A, [b, P].</param>
/// <param name="OwnB">Gradient of the loss by the rank's rows of B, [b, P].</param>
/// <param name="Scale">The rank's share of the derivative by the scale.</param>
/// <param name="Bias">The rank's share of the derivative by the bias.</param>
public sealed record SigLipPart(double Share, Tensor OwnA, Tensor OwnB, double Scale, double Bias);
