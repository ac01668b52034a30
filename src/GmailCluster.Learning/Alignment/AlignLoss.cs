using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Contrastive;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Alignment;

/// <summary>
/// The cross-modality alignment loss, split over ranks: with z_g = Gen-CLIP(generated), z_r = CLIP(real), z_t = CLIP(caption) of
/// unit length, InfoNCE(z_g, z_r) + 1 - cos(z_g, z_r) + InfoNCE(z_g, z_t) + MMD^2(z_g, z_r), each with its weight, and for LLaVA
/// the same in kind on patches. Shares and gradients of all ranks sum to those of the global batch; a rank holds [b, B] blocks,
/// never [B, B].
/// </summary>
// b rows of a rank, B rows of all, P projection width, N patches, C tower width.
public sealed class AlignLoss(AlignLossWeights weights, double textScale)
{
    /// <summary>Whether patches are part of the loss.</summary>
    public bool NeedsPatches => weights.NeedsPatches;

    private double RealScale => 1 / weights.RealTemperature;

    /// <summary>The mean over positions, of unit length.</summary>
    /// <param name="patches">[b, N, C].</param>
    /// <returns>[b, C].</returns>
    public static Tensor MeanPatch(Tensor patches)
    {
        ArgumentNullException.ThrowIfNull(patches);
        return nn.functional.normalize(patches.mean([1]), dim: -1);
    }

    /// <summary>Patches of unit length.</summary>
    /// <param name="patches">[b, N, C].</param>
    public static Tensor UnitPatches(Tensor patches) => nn.functional.normalize(patches, dim: -1);

    /// <summary>The rank's share of the weighted patch cosine term: mean over pictures and positions of 1 - cos(h_g, h_r).</summary>
    /// <param name="generated">The rank's patches through Gen-CLIP, [b, N, C].</param>
    /// <param name="real">The patches of their real pictures, [b, N, C].</param>
    /// <param name="globalCount">B.</param>
    /// <returns>A scalar with its graph.</returns>
    public Tensor PatchCosine(Tensor generated, Tensor real, int globalCount) =>
        (1 - nn.functional.cosine_similarity(generated, real, dim: -1)).mean([1]).sum() * (weights.PatchCosine / globalCount);

    /// <summary>The rank's log-sum-exp values: of its rows and of its columns, for each InfoNCE term.</summary>
    public float[] OwnLogSumExps(AlignRows rows, int rank, int worldSize)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var values = new List<float>();
        foreach (var (all, other, scale, _) in Contrasts(rows).Concat(PatchContrasts(rows)))
        {
            var (row, column) = InfoNce.LogSumExps(RankRows.Of(all, rank, worldSize), other, RankRows.Of(other, rank, worldSize), all, scale);
            values.AddRange(TensorRows.ToArray(row));
            values.AddRange(TensorRows.ToArray(column));
        }

        return [.. values];
    }

    /// <summary>The rank's share of the loss, and what to differentiate with which gradients.</summary>
    /// <param name="rows">The global batch.</param>
    /// <param name="own">The rank's outputs with their graph.</param>
    /// <param name="lse">All ranks' <see cref="OwnLogSumExps"/>, in rank order.</param>
    /// <param name="rank">The rank.</param>
    /// <param name="worldSize">How many ranks there are.</param>
    public (double Share, IReadOnlyList<Tensor> Outputs, IReadOnlyList<Tensor> Gradients) OwnGradients(
        AlignRows rows, AlignOutputs own, float[] lse, int rank, int worldSize)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(own);
        var global = rows.Generated.shape[0];
        var generated = own.Embeddings.detach(); // [b, P]
        var real = RankRows.Of(rows.Real, rank, worldSize); // [b, P]
        var share = weights.Cosine * (1 - (generated * real).sum([1])).sum().item<float>() / global;
        var gradient = real * (-weights.Cosine / global); // [b, P]
        var term = 0;
        foreach (var contrast in Contrasts(rows))
        {
            var part = ContrastTerm(contrast, term++, lse, rank, worldSize);
            share += part.Share;
            gradient += part.Gradient;
        }

        if (weights.Mmd > 0)
        {
            var part = Mmd.Gradient(generated, rows.Generated, real, rows.Real, (int)(rank * generated.shape[0]), weights.MmdSigmas);
            share += weights.Mmd * part.Share;
            gradient = gradient.add(part.Own, weights.Mmd);
        }

        if (!NeedsPatches)
        {
            return (share, [own.Embeddings], [gradient]);
        }

        var (patchShare, outputs, gradients) = PatchTerms(rows, own, term, lse, rank, worldSize);
        return (share + patchShare, [own.Embeddings, .. outputs], [gradient, .. gradients]);
    }

    private (double Share, IReadOnlyList<Tensor> Outputs, IReadOnlyList<Tensor> Gradients) PatchTerms(
        AlignRows rows, AlignOutputs own, int term, float[] lse, int rank, int worldSize)
    {
        var loss = own.PatchLoss!;
        var share = (double)loss.item<float>();
        var outputs = new List<Tensor> { loss };
        var gradients = new List<Tensor> { ones_like(loss) };
        if (weights.PatchMmd > 0)
        {
            var (value, ownGradient) = MeanTerm(rows, own, rank, worldSize);
            share += value;
            outputs.Add(own.PatchMeans!);
            gradients.Add(ownGradient);
        }

        if (weights.PatchPositionMmd > 0)
        {
            var (value, ownGradient) = PositionTerm(rows, own, rank, worldSize);
            share += value;
            outputs.Add(own.Patches!);
            gradients.Add(ownGradient);
        }

        foreach (var contrast in PatchContrasts(rows))
        {
            var (value, ownGradient) = ContrastTerm(contrast, term++, lse, rank, worldSize);
            share += value;
            outputs.Add(own.Patches!);
            gradients.Add(ownGradient.view_as(own.Patches!) / Math.Sqrt(own.Patches!.shape[1])); // by the map, then by its patches
        }

        return (share, outputs, gradients);
    }

    private static (double Share, Tensor Gradient) ContrastTerm(Contrast contrast, int term, float[] lse, int rank, int worldSize)
    {
        var (all, other, scale, weight) = contrast;
        var (row, column) = RankRows.LogSumExps(lse, term, (int)all.shape[0], worldSize);
        var own = RankRows.Of(all, rank, worldSize);
        var part = InfoNce.Gradient(own, RankRows.Of(other, rank, worldSize), all, other, row, column, (int)(rank * own.shape[0]), scale);
        return (weight * part.Share, part.OwnA * weight);
    }

    private (double Share, Tensor Gradient) MeanTerm(AlignRows rows, AlignOutputs own, int rank, int worldSize)
    {
        var means = own.PatchMeans!.detach();
        var part = Mmd.Gradient(
            means, rows.GeneratedPatchMeans!, RankRows.Of(rows.RealPatchMeans!, rank, worldSize), rows.RealPatchMeans!, (int)(rank * means.shape[0]), weights.MmdSigmas);
        return (weights.PatchMmd * part.Share, part.Own * weights.PatchMmd);
    }

    private (double Share, Tensor Gradient) PositionTerm(AlignRows rows, AlignOutputs own, int rank, int worldSize)
    {
        var patches = own.Patches!.detach(); // [b, N, C]
        var positions = patches.shape[1];
        var weight = weights.PatchPositionMmd / positions;
        var offset = (int)(rank * patches.shape[0]);
        var share = 0.0;
        var gradients = new List<Tensor>();
        for (var n = 0; n < positions; n++)
        {
            var real = rows.RealPatches!.select(1, n); // [B, C]
            var part = Mmd.Gradient(
                patches.select(1, n), rows.GeneratedPatches!.select(1, n), RankRows.Of(real, rank, worldSize), real, offset, weights.MmdSigmas);
            share += weight * part.Share;
            gradients.Add(part.Own * weight);
        }

        return (share, stack(gradients, 1)); // [b, N, C]
    }

    private IEnumerable<Contrast> Contrasts(AlignRows rows)
    {
        if (weights.RealInfoNce > 0)
        {
            yield return new Contrast(rows.Generated, rows.Real, RealScale, weights.RealInfoNce);
        }

        if (weights.TextInfoNce > 0)
        {
            yield return new Contrast(rows.Generated, rows.Text, textScale, weights.TextInfoNce);
        }
    }

    private IEnumerable<Contrast> PatchContrasts(AlignRows rows)
    {
        if (weights.PatchInfoNce > 0)
        {
            yield return new Contrast(Map(rows.GeneratedPatches!), Map(rows.RealPatches!), RealScale, weights.PatchInfoNce);
        }
    }

    // Patches of unit length, one after the other, as one vector of unit length: its product with another is the mean cosine.
    private static Tensor Map(Tensor unitPatches) => unitPatches.flatten(1) / Math.Sqrt(unitPatches.shape[1]); // [B, N * C]

    private sealed record Contrast(Tensor Generated, Tensor Other, double Scale, double Weight);
}
