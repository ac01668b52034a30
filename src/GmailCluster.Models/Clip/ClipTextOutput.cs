using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

/// <summary>What the text tower makes of a batch. The tensors belong to the caller (or the caller's dispose scope).</summary>
/// <param name="Embedding">In the shared space, not normalised, [B, P]; for a tower without projection, the pooled state.</param>
/// <param name="Pooled">The last token's state after the last norm, [B, C].</param>
/// <param name="LastHiddenState">All tokens' states after the last norm, [B, T, C]: what Stable Diffusion is conditioned on.</param>
/// <param name="HiddenStates">Before the first layer and after each, without the last norm, [B, T, C] each; empty unless asked for.</param>
public sealed record ClipTextOutput(Tensor Embedding, Tensor Pooled, Tensor LastHiddenState, IReadOnlyList<Tensor> HiddenStates);
