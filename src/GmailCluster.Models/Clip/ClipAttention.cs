using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>Multi-head self-attention of one CLIP layer; names as in transformers' <c>CLIPAttention</c>.</summary>
// B batch, T tokens, C width, H heads, D = C / H.
internal sealed class ClipAttention : Module<Tensor, ClipMask, Tensor>
{
    [ComponentName(Name = "q_proj")]
    private readonly AdaptableLinear _query;

    [ComponentName(Name = "k_proj")]
    private readonly AdaptableLinear _key;

    [ComponentName(Name = "v_proj")]
    private readonly AdaptableLinear _value;

    [ComponentName(Name = "out_proj")]
    private readonly AdaptableLinear _output;

    private readonly int _heads;

    public ClipAttention(int width, int heads)
        : base(nameof(ClipAttention))
    {
        _heads = heads;
        _query = new AdaptableLinear(width, width);
        _key = new AdaptableLinear(width, width);
        _value = new AdaptableLinear(width, width);
        _output = new AdaptableLinear(width, width);
        RegisterComponents();
    }

    /// <param name="input">Hidden states, [B, T, C].</param>
    /// <param name="mask">What each position may look at.</param>
    /// <returns>Mixed hidden states, [B, T, C].</returns>
    public override Tensor forward(Tensor input, ClipMask mask)
    {
        var (b, t, c) = (input.shape[0], input.shape[1], input.shape[2]);
        Tensor Heads(AdaptableLinear projection) => projection.forward(input).view(b, t, _heads, c / _heads).transpose(1, 2); // [B, H, T, D]

        var mixed = functional.scaled_dot_product_attention(
            Heads(_query), Heads(_key), Heads(_value), attn_mask: mask.Additive, is_casual: mask.IsCausal); // [B, H, T, D]
        return _output.forward(mixed.transpose(1, 2).reshape(b, t, c));                                     // [B, T, C]
    }
}
