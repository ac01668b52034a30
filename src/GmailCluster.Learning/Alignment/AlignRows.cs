namespace GmailCluster.Learning.Alignment;

/// <summary>The global batch as every rank sees it, without graph; rows of unit length.</summary>
/// <param name="Generated">Gen-CLIP(generated), [B, P].</param>
/// <param name="Real">CLIP(real), [B, P].</param>
/// <param name="Text">CLIP(caption), [B, P].</param>
/// <param name="GeneratedPatches">Patches of generated pictures, [B, N, C]; null without a patch term.</param>
/// <param name="RealPatches">Patches of real pictures, [B, N, C]; null without a patch term.</param>
/// <param name="GeneratedPatchMeans">Mean patches of generated pictures, [B, C]; null without a patch term.</param>
/// <param name="RealPatchMeans">Mean patches of real pictures, [B, C]; null without a patch term.</param>
public sealed record AlignRows(
    Tensor Generated, Tensor Real, Tensor Text, Tensor? GeneratedPatches, Tensor? RealPatches, Tensor? GeneratedPatchMeans, Tensor? RealPatchMeans);

/// <summary>A rank's own outputs with their graph; belongs to the step.</summary>
/// <param name="Embeddings">Gen-CLIP(generated), unit length, [b, P].</param>
/// <param name="PatchLoss">The rank's share of the weighted patch cosine term, a scalar; null without a patch term.</param>
/// <param name="Patches">Patches of unit length, [b, N, C]; null without a patch term.</param>
/// <param name="PatchMeans">Mean patches of unit length, [b, C]; null without a patch term.</param>
public sealed record AlignOutputs(Tensor Embeddings, Tensor? PatchLoss, Tensor? Patches, Tensor? PatchMeans) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Embeddings.Dispose();
        PatchLoss?.Dispose();
        Patches?.Dispose();
        PatchMeans?.Dispose();
    }
}
