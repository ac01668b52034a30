namespace GmailCluster.Learning.Features;

/// <summary>The patches that LLaVA reads from CLIP's image tower (LLaVA 1.5, arXiv 2310.03744: the layer before the last, without the class token).</summary>
internal static class PatchFeatures
{
    /// <summary>Patches of one hidden state.</summary>
    /// <param name="hiddenStates">The embeddings, then each layer's output, [B, 1 + N, C] each.</param>
    /// <param name="layer">Which; negative counts from the end.</param>
    /// <returns>[B, N, C].</returns>
    public static Tensor Of(IReadOnlyList<Tensor> hiddenStates, int layer)
    {
        var state = hiddenStates[layer < 0 ? hiddenStates.Count + layer : layer];
        return state.narrow(1, 1, state.shape[1] - 1);
    }
}
