using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Multi-head attention of tokens to themselves or to a text (diffusers' Attention).</summary>
// B batch, N tokens, T text tokens, C width, X text width, H heads, D = C / H.
internal sealed class CrossAttention : Module<Tensor, Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "to_q")] private readonly LinearLayer _query;
    [ComponentName(Name = "to_k")] private readonly LinearLayer _key;
    [ComponentName(Name = "to_v")] private readonly LinearLayer _value;
    [ComponentName(Name = "to_out")] private readonly ModuleList<Module<Tensor, Tensor>> _output;
    private readonly long _heads;

    public CrossAttention(long width, long textWidth, long heads, bool bias = false)
        : base(nameof(CrossAttention))
    {
        _heads = heads;
        _query = new LinearLayer(width, width, bias);
        _key = new LinearLayer(textWidth, width, bias);
        _value = new LinearLayer(textWidth, width, bias);
        _output = new ModuleList<Module<Tensor, Tensor>>(new LinearLayer(width, width));
        RegisterComponents();
    }

    /// <summary>What tokens can be attended to as, once for any number of questions.</summary>
    /// <param name="text">[B, T, X].</param>
    /// <returns>Keys and values, each [B, H, T, D].</returns>
    public (Tensor Keys, Tensor Values) KeysAndValues(Tensor text) => (Split(_key.forward(text)), Split(_value.forward(text)));

    /// <summary>Tokens attend to themselves.</summary>
    public Tensor ToThemselves(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var (keys, values) = KeysAndValues(hidden);
        return forward(hidden, keys, values).MoveToOuterDisposeScope();
    }

    /// <param name="hidden">[B, N, C].</param>
    /// <param name="keys">[B, H, T, D].</param>
    /// <param name="values">[B, H, T, D].</param>
    /// <returns>[B, N, C].</returns>
    public override Tensor forward(Tensor hidden, Tensor keys, Tensor values)
    {
        using var scope = NewDisposeScope();
        var mixed = functional.scaled_dot_product_attention(Split(_query.forward(hidden)), keys, values);       // [B, H, N, D]
        mixed = mixed.transpose(1, 2).reshape(hidden.shape);                                                     // [B, N, C]
        return ((LinearLayer)_output[0]).forward(mixed).MoveToOuterDisposeScope();
    }

    private Tensor Split(Tensor x) => x.view(x.shape[0], x.shape[1], _heads, -1).transpose(1, 2);               // [B, H, N, D]
}
