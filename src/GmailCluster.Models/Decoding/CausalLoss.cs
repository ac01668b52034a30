using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>Next-token cross-entropy. The head, the largest product in a small model, is computed only where a label counts.</summary>
// B rows, T tokens, C width, N counted tokens.
internal static class CausalLoss
{
    /// <summary>The label that is not counted, as in torch and transformers.</summary>
    public const long Ignored = -100;

    /// <param name="model">Gives the head.</param>
    /// <param name="hidden">[B, T, C].</param>
    /// <param name="labels">[B, T], int64, unshifted: the state at t predicts the label at t + 1.</param>
    public static TokenLoss Shifted(ICausalLanguageModel model, Tensor hidden, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var last = hidden.shape[1] - 1;
        var loss = Aligned(model, hidden.narrow(1, 0, last), labels.narrow(1, 1, last));
        return loss with { Sum = loss.Sum.MoveToOuterDisposeScope() };
    }

    /// <param name="model">Gives the head.</param>
    /// <param name="hidden">[B, T, C].</param>
    /// <param name="labels">[B, T], int64: the state at t predicts the label at t.</param>
    public static TokenLoss Aligned(ICausalLanguageModel model, Tensor hidden, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var flat = labels.reshape(-1);                                             // [B * T]
        var counted = flat.ne(Ignored).nonzero().view(-1);                         // [N]
        var states = hidden.reshape(-1, hidden.shape[2]).index_select(0, counted); // [N, C]
        var sum = nn.functional.cross_entropy(model.Logits(states), flat.index_select(0, counted), reduction: nn.Reduction.Sum);
        return new TokenLoss(sum.MoveToOuterDisposeScope(), counted.shape[0]);
    }
}
