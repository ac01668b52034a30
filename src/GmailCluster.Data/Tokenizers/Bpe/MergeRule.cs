namespace GmailCluster.Data.Tokenizers.Bpe;

/// <summary>One line of a BPE's merge list: the two symbols that may become one. Its place in the list is its rank.</summary>
internal readonly record struct MergeRule(string Left, string Right);
