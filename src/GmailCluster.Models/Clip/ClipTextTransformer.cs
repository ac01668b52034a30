using GmailCluster.Models.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>The text tower without projection; names as in transformers' <c>CLIPTextTransformer</c>.</summary>
// B batch, T tokens, C width.
internal sealed class ClipTextTransformer : Module
{
    [ComponentName(Name = "encoder")]
    private readonly ClipEncoder _encoder;

    [ComponentName(Name = "final_layer_norm")]
    private readonly LayerNorm _finalNorm;

    public ClipTextTransformer(ClipTextConfig config)
        : base(nameof(ClipTextTransformer))
    {
        Embeddings = new ClipTextEmbeddings(config);
        _encoder = new ClipEncoder(new ClipLayerSizes(
            config.HiddenSize, config.IntermediateSize, config.NumAttentionHeads, config.NumHiddenLayers, config.HiddenAct, config.LayerNormEps));
        _finalNorm = LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    [field: ComponentName(Name = "embeddings")]
    public ClipTextEmbeddings Embeddings { get; }

    /// <param name="ids">[B, T], int64.</param>
    /// <param name="attentionMask">1 for tokens, 0 for padding, [B, T].</param>
    /// <param name="keepAll">Whether every layer's states are wanted, or the last only.</param>
    /// <param name="boundary">Sees the states between layers.</param>
    /// <returns>The states after the last norm and those before, [B, T, C] each.</returns>
    public (Tensor Last, List<Tensor> States) Run(Tensor ids, Tensor? attentionMask, bool keepAll, LayerBoundary? boundary)
    {
        var embedded = Embeddings.forward(ids);
        var states = _encoder.Run(embedded, ClipMask.Causal(attentionMask, embedded), keepAll, boundary);
        return (_finalNorm.forward(states[^1]), states);
    }
}
