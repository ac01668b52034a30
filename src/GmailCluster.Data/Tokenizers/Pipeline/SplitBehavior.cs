namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>What becomes of the delimiters a text is split at; names as in tokenizer.json.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}
