using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>
/// Cross-entropy over next tokens, not yet averaged: ranks with different numbers of tokens add sums and counts, and so get the
/// loss of the whole batch exactly.
/// </summary>
/// <param name="Sum">Sum over the counted tokens, a scalar with its graph. Belongs to the caller.</param>
/// <param name="Count">How many tokens were counted.</param>
public readonly record struct TokenLoss(Tensor Sum, long Count);
