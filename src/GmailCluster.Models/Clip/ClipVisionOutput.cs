using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

/// <summary>What the image tower makes of a batch. The tensors belong to the caller (or the caller's dispose scope).</summary>
/// <param name="Embedding">In the shared space, not normalised, [B, P]; for a tower without projection (LLaVA), the pooled state.</param>
/// <param name="Pooled">The class token after the last norm, [B, C].</param>
/// <param name="HiddenStates">
/// Class token and N patches before the first layer and after each, [B, 1 + N, C] each; empty unless asked for. The last one has not
/// been through the last norm, as in transformers.
/// </param>
public sealed record ClipVisionOutput(Tensor Embedding, Tensor Pooled, IReadOnlyList<Tensor> HiddenStates);
