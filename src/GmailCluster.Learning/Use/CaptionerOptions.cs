namespace GmailCluster.Learning.Use;

/// <summary>Which captioner, and what is not to be as its folder says.</summary>
/// <param name="ModelFolder">A CLIPCap or LLaVA folder.</param>
public sealed record CaptionerOptions(string ModelFolder)
{
    /// <summary>The CLIP folder that CLIPCap was trained on. LLaVA has its own image tower: then it only says how pictures are prepared.</summary>
    public string? ClipFolder { get; init; }

    /// <summary>A folder with the language model's tokenizer. Default: the one beside the model.</summary>
    public string? TokenizerFolder { get; init; }

    /// <summary>LLaVA's question, with one <c>&lt;image&gt;</c>. Default: the one it was trained on.</summary>
    public string? Prompt { get; init; }

    /// <summary>Longest caption, in tokens. Default: as in its evaluation.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Beams; 1 is greedy. Default: as in its evaluation.</summary>
    public int? Beams { get; init; }
}
