using GmailCluster.Models.Lora;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>One pre-norm transformer layer; names as in transformers' <c>CLIPEncoderLayer</c>.</summary>
// B batch, T tokens, C width.
internal sealed class ClipLayer : Module<Tensor, ClipMask, Tensor>
{
    [ComponentName(Name = "layer_norm1")]
    private readonly LayerNorm _norm1;

    [ComponentName(Name = "self_attn")]
    private readonly ClipAttention _attention;

    [ComponentName(Name = "layer_norm2")]
    private readonly LayerNorm _norm2;

    [ComponentName(Name = "mlp")]
    private readonly ClipMlp _mlp;

    public ClipLayer(ClipLayerSizes sizes)
        : base(nameof(ClipLayer))
    {
        _attention = new ClipAttention(sizes.Width, sizes.Heads);
        _norm1 = LayerNorm(sizes.Width, sizes.NormEps);
        _mlp = new ClipMlp(sizes);
        _norm2 = LayerNorm(sizes.Width, sizes.NormEps);
        RegisterComponents();
    }

    /// <param name="input">[B, T, C].</param>
    /// <param name="mask">What each position may look at.</param>
    /// <returns>[B, T, C].</returns>
    public override Tensor forward(Tensor input, ClipMask mask)
    {
        using var scope = NewDisposeScope();
        var mixed = input + _attention.forward(_norm1.forward(input), mask);
        return (mixed + _mlp.forward(_norm2.forward(mixed))).MoveToOuterDisposeScope();
    }
}

/// <summary>The sizes both towers' layers are made of.</summary>
internal sealed record ClipLayerSizes(int Width, int MlpWidth, int Heads, int Layers, string Activation, double NormEps);

/// <summary>The MLP of a layer: <c>fc1</c>, activation, <c>fc2</c>.</summary>
internal sealed class ClipMlp : Module<Tensor, Tensor>
{
    [ComponentName(Name = "fc1")]
    private readonly AdaptableLinear _in;

    [ComponentName(Name = "fc2")]
    private readonly AdaptableLinear _out;

    private readonly Func<Tensor, Tensor> _activation;

    public ClipMlp(ClipLayerSizes sizes)
        : base(nameof(ClipMlp))
    {
        _activation = ClipActivation.Named(sizes.Activation);
        _in = new AdaptableLinear(sizes.Width, sizes.MlpWidth);
        _out = new AdaptableLinear(sizes.MlpWidth, sizes.Width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => _out.forward(_activation(_in.forward(input)));
}
