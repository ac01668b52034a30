using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Gpt2;

/// <summary>The two linear layers of one block.</summary>
// B rows, T tokens, C width, I inner width.
internal sealed class Gpt2FeedForward : nn.Module
{
    [ComponentName(Name = "c_fc")] private readonly AdaptableLinear _inner;
    [ComponentName(Name = "c_proj")] private readonly AdaptableLinear _output;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly double _dropout;

    public Gpt2FeedForward(Gpt2Config config)
        : base(nameof(Gpt2FeedForward))
    {
        var inner = config.NInner ?? 4 * config.NEmbd;
        _inner = new AdaptableLinear(config.NEmbd, inner);
        _output = new AdaptableLinear(inner, config.NEmbd);
        _activation = Activation.Named(config.ActivationFunction, "activation_function");
        _dropout = config.ResidPdrop;
        RegisterComponents();
    }

    /// <summary>From [B, T, C] to [B, T, C].</summary>
    public Tensor forward(Tensor input, Generator? dropout)
    {
        var inner = _activation(SkinnyProduct.Forward(_inner, input)); // [B, T, I]
        return KeyedDropout.Apply(SkinnyProduct.Forward(_output, inner), _dropout, dropout);
    }
}
