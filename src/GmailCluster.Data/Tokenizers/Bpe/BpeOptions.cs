namespace GmailCluster.Data.Tokenizers.Bpe;

/// <summary>The settings of a BPE model in a tokenizer.json, under the names they have there.</summary>
internal sealed record BpeOptions
{
    public string? UnkToken { get; init; }

    public string ContinuingSubwordPrefix { get; init; } = "";

    public string EndOfWordSuffix { get; init; } = "";

    public bool FuseUnk { get; init; }

    public bool ByteFallback { get; init; }

    public bool IgnoreMerges { get; init; }
}
