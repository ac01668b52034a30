using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llava;

/// <summary>From the image tower's channels to the language model's (LLaVA 1.5, arXiv 2310.03744, section 3.2).</summary>
// W feature width, C the language model's width.
internal sealed class LlavaProjector : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "linear_1")] private readonly AdaptableLinear _first;
    [ComponentName(Name = "linear_2")] private readonly AdaptableLinear _second;
    private readonly Func<Tensor, Tensor> _activation;

    public LlavaProjector(LlavaConfig config)
        : base(nameof(LlavaProjector))
    {
        var width = config.TextConfig.HiddenSize;
        _first = new AdaptableLinear(config.FeatureWidth, width, config.MultimodalProjectorBias);
        _second = new AdaptableLinear(width, width, config.MultimodalProjectorBias);
        _activation = Activation.Named(config.ProjectorHiddenAct, "projector_hidden_act");
        RegisterComponents();
    }

    /// <summary>From [..., W] to [..., C].</summary>
    public override Tensor forward(Tensor input) => _second.forward(_activation(_first.forward(input)));
}
