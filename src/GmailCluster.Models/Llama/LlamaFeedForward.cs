using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

/// <summary>The gated feed-forward layer (SwiGLU, arXiv 2002.05202).</summary>
// C width, I inner width.
internal sealed class LlamaFeedForward : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "gate_proj")] private readonly AdaptableLinear _gate;
    [ComponentName(Name = "up_proj")] private readonly AdaptableLinear _up;
    [ComponentName(Name = "down_proj")] private readonly AdaptableLinear _down;
    private readonly Func<Tensor, Tensor> _activation;

    public LlamaFeedForward(LlamaConfig config)
        : base(nameof(LlamaFeedForward))
    {
        _gate = new AdaptableLinear(config.HiddenSize, config.IntermediateSize, config.MlpBias);
        _up = new AdaptableLinear(config.HiddenSize, config.IntermediateSize, config.MlpBias);
        _down = new AdaptableLinear(config.IntermediateSize, config.HiddenSize, config.MlpBias);
        _activation = Activation.Named(config.HiddenAct, "hidden_act");
        RegisterComponents();
    }

    /// <summary>From [..., C] to [..., C].</summary>
    public override Tensor forward(Tensor input) => SkinnyProduct.Forward(_down, _activation(SkinnyProduct.Forward(_gate, input)) * SkinnyProduct.Forward(_up, input)); // [..., I] within
}
