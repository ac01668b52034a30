using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>
/// CLIP's image tower (arXiv 2103.00020, figure 3): a vision transformer and the projection into the shared space. Parameters are named
/// as in transformers' <c>CLIPVisionModelWithProjection</c>: <c>vision_model.*</c>, <c>visual_projection.weight</c>. Threads may share it.
/// </summary>
public sealed class ClipVisionTower : Module
{
    [field: ComponentName(Name = "vision_model")]
    internal ClipVisionTransformer Transformer { get; }

    [field: ComponentName(Name = "visual_projection")]
    internal AdaptableLinear? Projection { get; }

    /// <summary>A tower of zeros, to be filled by a loader.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="hasProjection">False for the bare tower inside LLaVA.</param>
    public ClipVisionTower(ClipVisionConfig config, bool hasProjection = true)
        : base(nameof(ClipVisionTower))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        Transformer = new ClipVisionTransformer(config);
        if (hasProjection)
        {
            Projection = new AdaptableLinear(config.HiddenSize, config.ProjectionDim, hasBias: false);
        }
        RegisterComponents();
    }

    /// <summary>The tower's sizes.</summary>
    public ClipVisionConfig Config { get; }

    /// <summary>Values of an embedding: P, or the tower's own width where it has no projection.</summary>
    public int EmbeddingWidth => Projection is null ? Config.HiddenSize : Config.ProjectionDim;

    /// <summary>Loads the image tower of a CLIP folder, whole or bare, in fp32. It belongs to the caller, not to a dispose scope.</summary>
    public static ClipVisionTower Load(string folder) => ClipCheckpoint.LoadVision(folder);

    /// <summary>Embeds a batch of pictures.</summary>
    /// <param name="pixels">Preprocessed as the checkpoint's processor says, [B, 3, H, W].</param>
    /// <param name="withHiddenStates">Whether every layer's states are wanted.</param>
    /// <param name="boundary">Sees the states between layers; what it returns is what <paramref name="withHiddenStates"/> gives.</param>
    public ClipVisionOutput Encode(Tensor pixels, bool withHiddenStates = false, LayerBoundary? boundary = null)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        Shapes.Require(pixels, "pixels", null, Config.NumChannels, Config.ImageSize, Config.ImageSize);
        using var scope = NewDisposeScope();
        var (pooled, states) = Transformer.Run(pixels, withHiddenStates, boundary);
        var embedding = Projection?.forward(pooled) ?? pooled.alias();
        return new ClipVisionOutput(
            embedding.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope(),
            withHiddenStates ? [.. states.Select(s => s.MoveToOuterDisposeScope())] : []);
    }
}
