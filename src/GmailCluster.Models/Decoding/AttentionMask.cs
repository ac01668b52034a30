using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>Who sees whom, made once a forward pass and used by every layer.</summary>
/// <param name="Additive">Added to the scores, [T, S] or [B, 1, T, S]; null when causality says all.</param>
/// <param name="IsCausal">Each token sees itself and those before; only without <paramref name="Additive"/>.</param>
// B rows, T new tokens, S tokens in all.
internal readonly record struct AttentionMask(Tensor? Additive, bool IsCausal)
{
    /// <param name="queries">T.</param>
    /// <param name="keys">S.</param>
    /// <param name="visible">[B, S], 0 at padding; null: no padding.</param>
    /// <param name="type">The scores' type.</param>
    /// <param name="device">The scores' device.</param>
    public static AttentionMask For(long queries, long keys, Tensor? visible, ScalarType type, Device device)
    {
        if (visible is null && (queries == 1 || queries == keys))
        {
            return new AttentionMask(null, queries > 1);
        }

        // Query i stands at place S - T + i. The lowest finite number, not minus infinity: a padded query that may see nothing
        // then gets an even mixture, which nobody reads, and not NaN, which spreads through the gradients.
        var hidden = ones(queries, keys, dtype: ScalarType.Bool, device: device).triu(keys - queries + 1); // [T, S]
        if (visible is not null)
        {
            hidden = hidden.logical_or(visible.eq(0).view(visible.shape[0], 1, 1, keys)); // [B, 1, T, S]
        }

        var lowest = type switch
        {
            ScalarType.Float16 => -65504,
            ScalarType.BFloat16 => -3.3895313892515355e38,
            _ => (double)float.MinValue,
        };
        return new AttentionMask(zeros(hidden.shape, dtype: type, device: device).masked_fill_(hidden, lowest), false);
    }
}
