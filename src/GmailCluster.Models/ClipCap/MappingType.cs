namespace GmailCluster.Models.ClipCap;

/// <summary>CLIP_prefix_caption's two mapping networks.</summary>
public enum MappingType
{
    /// <summary>Linear, tanh, linear; for a language model that is tuned too.</summary>
    Mlp,

    /// <summary>A transformer over the embedding and learned constants; for a language model that stays as it is.</summary>
    Transformer,
}
