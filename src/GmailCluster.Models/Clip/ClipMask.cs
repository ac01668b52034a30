using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

/// <summary>What each position of a sequence may attend to.</summary>
/// <param name="IsCausal">Nothing after itself, everything before; no other mask is then given.</param>
/// <param name="Additive">Added to the attention scores, [B, 1, T, T]; null when there is nothing more to hide.</param>
internal readonly record struct ClipMask(bool IsCausal, Tensor? Additive)
{
    /// <summary>Every position sees every other (image tower).</summary>
    public static ClipMask None => default;

    /// <summary>Causal, and blind to padding where a mask is given.</summary>
    /// <param name="attentionMask">1 for tokens, 0 for padding, [B, T]; null when no token is padding.</param>
    /// <param name="like">Gives type and device of the scores.</param>
    public static ClipMask Causal(Tensor? attentionMask, Tensor like)
    {
        if (attentionMask is null)
        {
            return new ClipMask(true, null);
        }

        var t = attentionMask.shape[1];
        var visible = ones([t, t], dtype: ScalarType.Bool, device: like.device).tril()
            .logical_and(attentionMask.to(like.device).to_type(ScalarType.Bool).view(-1, 1, 1, t)); // [B, 1, T, T]

        // The lowest finite number instead of -infinity: a row that may see nothing (padding on the left) stays a number.
        var lowest = like.dtype == ScalarType.Float64 ? double.MinValue : like.dtype == ScalarType.Float16 ? -65504.0 : -3.3895313892515355e38;
        return new ClipMask(false, zeros_like(visible, dtype: like.dtype).masked_fill_(visible.logical_not(), lowest));
    }
}
