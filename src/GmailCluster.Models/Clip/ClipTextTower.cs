using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>
/// CLIP's text tower: a causal transformer, pooled at the last token, and the projection into the shared space. Parameters are named as in
/// transformers' <c>CLIPTextModelWithProjection</c>: <c>text_model.*</c>, <c>text_projection.weight</c>. Threads may share it.
/// </summary>
public sealed class ClipTextTower : Module
{
    [field: ComponentName(Name = "text_model")]
    internal ClipTextTransformer Transformer { get; }

    [field: ComponentName(Name = "text_projection")]
    internal AdaptableLinear? Projection { get; }

    /// <summary>A tower of zeros, to be filled by a loader.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="hasProjection">False for a bare <c>CLIPTextModel</c>, such as Stable Diffusion's text encoder.</param>
    public ClipTextTower(ClipTextConfig config, bool hasProjection = true)
        : base(nameof(ClipTextTower))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        Transformer = new ClipTextTransformer(config);
        if (hasProjection)
        {
            Projection = new AdaptableLinear(config.HiddenSize, config.ProjectionDim, hasBias: false);
        }
        RegisterComponents();
    }

    /// <summary>The tower's sizes; <see cref="Stretch"/> changes the number of positions.</summary>
    public ClipTextConfig Config { get; private set; }

    /// <summary>Whether embeddings are projected into the shared space.</summary>
    public bool HasProjection => Projection is not null;

    /// <summary>Values of an embedding: P, or the tower's own width where it has no projection.</summary>
    public int EmbeddingWidth => Projection is null ? Config.HiddenSize : Config.ProjectionDim;

    /// <summary>
    /// Loads the text tower of a CLIP folder, or a bare <c>CLIPTextModel</c> folder, in fp32. It belongs to the caller, not to a dispose scope.
    /// </summary>
    public static ClipTextTower Load(string folder) => ClipCheckpoint.LoadText(folder);

    /// <summary>Embeds a batch of texts.</summary>
    /// <param name="ids">Token ids, [B, T], int64, T at most <see cref="ClipTextConfig.MaxPositionEmbeddings"/>.</param>
    /// <param name="attentionMask">1 for tokens, 0 for padding, [B, T]; null: padding is attended to, as OpenAI's and Stable Diffusion's code does.</param>
    /// <param name="withHiddenStates">Whether every layer's states are wanted.</param>
    /// <param name="boundary">Sees the states between layers; what it returns is what <paramref name="withHiddenStates"/> gives.</param>
    public ClipTextOutput Encode(Tensor ids, Tensor? attentionMask = null, bool withHiddenStates = false, LayerBoundary? boundary = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        Shapes.Require(ids, "ids", null, null);
        var (b, t) = (ids.shape[0], ids.shape[1]);
        if (t > Config.MaxPositionEmbeddings)
        {
            throw new ArgumentException($"ids: expected at most {Config.MaxPositionEmbeddings} tokens, got {t}.", nameof(ids));
        }

        if (attentionMask is not null)
        {
            Shapes.Require(attentionMask, "attentionMask", b, t);
        }

        using var scope = NewDisposeScope();
        var (last, states) = Transformer.Run(ids, attentionMask, withHiddenStates, boundary);
        var pooled = last[arange(b, dtype: ScalarType.Int64, device: ids.device), EndPositions(ids)]; // [B, C]
        var embedding = Projection?.forward(pooled) ?? pooled.alias();                                // [B, P]
        return new ClipTextOutput(
            embedding.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope(), last.MoveToOuterDisposeScope(),
            withHiddenStates ? [.. states.Select(s => s.MoveToOuterDisposeScope())] : []);
    }

    /// <summary>Lengthens the positions in place (Long-CLIP); see <see cref="LongClip.StretchPositions"/>. Not while others use the tower.</summary>
    /// <param name="kept">Leading positions that stay as they are.</param>
    /// <param name="stretch">How many times as many positions the rest becomes.</param>
    public void Stretch(int kept, int stretch)
    {
        using var scope = NewDisposeScope();
        var old = Transformer.Embeddings.Positions.Weight;
        var longer = LongClip.StretchPositions(old.detach(), kept, stretch);
        var positions = Parameter(longer, old.requires_grad);
        positions.DetachFromDisposeScope();
        Transformer.Embeddings.Positions.Replace(positions);
        Config = Config with { MaxPositionEmbeddings = (int)positions.shape[0] };
    }

    // Old OpenAI conversions say eos_token_id 2, a token no text ends with: there the last token is the one with the highest id.
    private Tensor EndPositions(Tensor ids) =>
        Config.EosTokenId is null or 2 ? ids.argmax(-1) : ids.eq(Config.EosTokenId.Value).to_type(ScalarType.Int32).argmax(-1); // [B]
}
