using GmailCluster.Models.Layers;
using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1), where heads may share keys and values (arXiv 2305.13245).</summary>
// B rows, H query heads, G key heads, T queries, S keys, D head width.
internal static class CausalAttention
{
    /// <param name="query">[B, H, T, D].</param>
    /// <param name="key">[B, G, S, D]; query heads i * H / G and following read head i.</param>
    /// <param name="value">[B, G, S, D].</param>
    /// <param name="mask">Who sees whom.</param>
    /// <param name="dropout">Probability to drop an attention weight.</param>
    /// <param name="generator">Draws what is dropped; null: nothing.</param>
    /// <returns>[B, T, H * D].</returns>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, AttentionMask mask, double dropout = 0, Generator? generator = null)
    {
        var (b, h, t, d) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3]);
        var (g, s) = (key.shape[1], key.shape[2]);
        if (h != g && t == 1 && generator is null)
        {
            // With one query a head, the heads of a group can stand where queries would: nothing is copied.
            return nn.functional.scaled_dot_product_attention(query.reshape(b, g, h / g, d), key, value, mask.Additive) // [B, G, H / G, D]
                .reshape(b, 1, h * d);                                                                                 // [B, 1, H * D]
        }

        if (h != g)
        {
            key = key.unsqueeze(2).expand(b, g, h / g, s, d).reshape(b, h, s, d);     // [B, H, S, D]
            value = value.unsqueeze(2).expand(b, g, h / g, s, d).reshape(b, h, s, d); // [B, H, S, D]
        }

        var mixed = generator is null || dropout == 0
            ? nn.functional.scaled_dot_product_attention(query, key, value, mask.Additive, is_casual: mask.IsCausal)
            : WithDropout(query, key, value, mask, dropout, generator);
        return mixed.transpose(1, 2).reshape(b, t, h * d); // [B, T, H * D]
    }

    // torch's fused kernel would draw from the process-wide generator.
    private static Tensor WithDropout(Tensor query, Tensor key, Tensor value, AttentionMask mask, double dropout, Generator generator)
    {
        var scores = matmul(query, key.transpose(2, 3)) / Math.Sqrt(query.shape[3]); // [B, H, T, S]
        if (mask.IsCausal)
        {
            mask = new AttentionMask(AttentionMask.For(scores.shape[2], scores.shape[3], ones(1, scores.shape[3]), scores.dtype, scores.device).Additive, false);
        }

        var weights = (mask.Additive is { } additive ? scores + additive : scores).softmax(-1);
        return matmul(KeyedDropout.Apply(weights, dropout, generator), value); // [B, H, T, D]
    }
}
