using GmailCluster.Models.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>The image tower without projection; names as in transformers' <c>CLIPVisionTransformer</c>, its misspelling included.</summary>
// B batch, N patches, C width.
internal sealed class ClipVisionTransformer : Module
{
    [ComponentName(Name = "embeddings")]
    private readonly ClipVisionEmbeddings _embeddings;

    [ComponentName(Name = "pre_layrnorm")]
    private readonly LayerNorm _preNorm;

    [ComponentName(Name = "encoder")]
    private readonly ClipEncoder _encoder;

    [ComponentName(Name = "post_layernorm")]
    private readonly LayerNorm _postNorm;

    public ClipVisionTransformer(ClipVisionConfig config)
        : base(nameof(ClipVisionTransformer))
    {
        _embeddings = new ClipVisionEmbeddings(config);
        _preNorm = LayerNorm(config.HiddenSize, config.LayerNormEps);
        _encoder = new ClipEncoder(new ClipLayerSizes(
            config.HiddenSize, config.IntermediateSize, config.NumAttentionHeads, config.NumHiddenLayers, config.HiddenAct, config.LayerNormEps));
        _postNorm = LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    /// <param name="pixels">[B, 3, H, W].</param>
    /// <param name="keepAll">Whether every layer's states are wanted, or the last only.</param>
    /// <param name="boundary">Sees the states between layers.</param>
    /// <returns>The pooled state [B, C] and the hidden states [B, 1 + N, C].</returns>
    public (Tensor Pooled, List<Tensor> States) Run(Tensor pixels, bool keepAll, LayerBoundary? boundary)
    {
        var states = _encoder.Run(_preNorm.forward(_embeddings.forward(pixels)), ClipMask.None, keepAll, boundary);
        return (_postNorm.forward(states[^1].select(1, 0)), states);
    }
}
