namespace GmailCluster.Learning.Contrastive;

/// <summary>
/// The symmetric InfoNCE of a global batch (CLIP, arXiv 2103.00020, figure 3), split over ranks: with S = scale · A Bᵀ,
/// loss = mean over i of [lse_j(S_ij) + lse_j(S_ji) - 2 S_ii] / 2. Each rank makes the loss of its own rows and the exact gradient
/// of its own embeddings from [b, B] blocks; the ranks' losses and gradients sum to those of the whole. Hand-written, so that no
/// gradient of a remote embedding ever travels.
/// </summary>
// b rows of a rank, B rows of all, P width.
public static class InfoNce
{
    /// <summary>Log-sum-exps of the rank's rows and columns of S, which ranks then exchange.</summary>
    /// <param name="ownA">The rank's rows of A, [b, P].</param>
    /// <param name="allB">All rows of B, [B, P].</param>
    /// <param name="ownB">The rank's rows of B, [b, P].</param>
    /// <param name="allA">All rows of A, [B, P].</param>
    /// <param name="scale">The inverse temperature.</param>
    /// <returns>Over j of S_ij and over i of S_ij, [b] each.</returns>
    public static (Tensor Row, Tensor Column) LogSumExps(Tensor ownA, Tensor allB, Tensor ownB, Tensor allA, double scale)
    {
        ArgumentNullException.ThrowIfNull(ownA);
        ArgumentNullException.ThrowIfNull(ownB);
        return ((ownA * scale).mm(allB.t()).logsumexp(1), (ownB * scale).mm(allA.t()).logsumexp(1));
    }

    /// <summary>The rank's share of the loss and the exact gradients of its own rows.</summary>
    /// <param name="ownA">The rank's rows of A, [b, P].</param>
    /// <param name="ownB">The rank's rows of B, [b, P].</param>
    /// <param name="allA">All rows of A, [B, P].</param>
    /// <param name="allB">All rows of B, [B, P].</param>
    /// <param name="row">Log-sum-exp of every row of S, [B].</param>
    /// <param name="column">Log-sum-exp of every column of S, [B].</param>
    /// <param name="offset">The first of the rank's rows.</param>
    /// <param name="scale">The inverse temperature.</param>
    /// <param name="labelSmoothing">
    /// Share of each target spread evenly over all B, as torch's cross_entropy has it; Long-CLIP uses 0.1. Default 0.
    /// </param>
    public static InfoNcePart Gradient(
        Tensor ownA, Tensor ownB, Tensor allA, Tensor allB, Tensor row, Tensor column, int offset, double scale, double labelSmoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(ownA);
        ArgumentNullException.ThrowIfNull(allA);
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(column);
        var (b, global) = (ownA.shape[0], allA.shape[0]);
        var ownRow = row.narrow(0, offset, b);
        var ownColumn = column.narrow(0, offset, b);
        var diagonal = (ownA * ownB).sum([1]) * scale; // [b]
        var (targetA, targetB, hit) = (ownB, ownA, diagonal * 2); // what each row is drawn to, and the logits it is rewarded for
        if (labelSmoothing > 0)
        {
            targetA = (ownB * (1 - labelSmoothing)) + (allB.mean([0], keepdim: true) * labelSmoothing); // [b, P]
            targetB = (ownA * (1 - labelSmoothing)) + (allA.mean([0], keepdim: true) * labelSmoothing); // [b, P]
            hit = ((ownA * targetA) + (ownB * targetB)).sum([1]) * scale;                               // [b]
        }

        var share = (ownRow + ownColumn - hit).sum().to(ScalarType.Float64).item<double>() / (2 * global);

        // dL/dS_ij = (softmax of row i + softmax of column j) / 2B, less 1/B on the diagonal.
        var logitsA = (ownA * scale).mm(allB.t()); // [b, B]: rows of S
        var weightsA = (logitsA - ownRow.unsqueeze(1)).exp() + (logitsA - column.unsqueeze(0)).exp(); // [b, B]
        var logitsB = (ownB * scale).mm(allA.t()); // [b, B]: columns of S
        var weightsB = (logitsB - ownColumn.unsqueeze(1)).exp() + (logitsB - row.unsqueeze(0)).exp(); // [b, B]
        var ownGradientA = ((weightsA.mm(allB) / 2) - targetA) * (scale / global); // [b, P]
        var ownGradientB = ((weightsB.mm(allA) / 2) - targetB) * (scale / global); // [b, P]

        // S is linear in the scale and in A: dL/dscale = sum of S_ij dL/dS_ij / scale = sum of a_i dL/da_i / scale.
        var ownGradientScale = (ownA * ownGradientA).sum().to(ScalarType.Float64).item<double>() / scale;
        return new InfoNcePart(share, ownGradientA, ownGradientB, ownGradientScale);
    }
}

/// <summary>A rank's part of an InfoNCE loss.</summary>
/// <param name="Share">The ranks' shares sum to the loss.</param>
/// <param name="OwnA">Gradient of the loss by the rank's rows of A, [b, P].</param>
/// <param name="OwnB">Gradient of the loss by the rank's rows of B, [b, P].</param>
/// <param name="Scale">The rank's share of the loss's derivative by the scale; the ranks' shares sum to it.</param>
public sealed record InfoNcePart(double Share, Tensor OwnA, Tensor OwnB, double Scale);
