namespace GmailCluster.Models.Clip;

/// <summary>How a CLIP folder names and shapes things.</summary>
public enum ClipLayout
{
    /// <summary><c>config.json</c>, <c>model.safetensors</c>, transformers' names.</summary>
    HuggingFace,

    /// <summary><c>open_clip_config.json</c>, <c>open_clip_model.safetensors</c>, OpenAI's names.</summary>
    OpenClip,

    /// <summary><c>model.safetensors</c> alone, OpenAI's names; sizes are read off the weights, as OpenAI's code does.</summary>
    OpenAi,
}
