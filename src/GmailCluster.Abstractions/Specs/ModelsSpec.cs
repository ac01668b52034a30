using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Specs;

/// <summary>Model folders, relative to the spec file, in Hugging Face or diffusers layout.</summary>
public sealed record ModelsSpec
{
    /// <summary>A CLIPModel folder: both towers, tokenizer and preprocessor.</summary>
    [Required, MinLength(1)]
    public required string Clip { get; init; }

    /// <summary>A Stable Diffusion pipeline folder. Needed when images are generated.</summary>
    [MinLength(1)]
    public string? Diffusion { get; init; }

    /// <summary>A GPT2LMHeadModel folder. Needed by <c>caption</c>.</summary>
    [MinLength(1)]
    public string? LanguageModel { get; init; }

    /// <summary>A LlamaForCausalLM folder. Needed by <c>llava</c>.</summary>
    [MinLength(1)]
    public string? LlavaLanguageModel { get; init; }
}
