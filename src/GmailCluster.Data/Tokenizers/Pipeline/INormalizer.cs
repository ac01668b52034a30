namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>A step that rewrites a text before it is split. Pure and thread-safe.</summary>
internal interface INormalizer
{
    string Normalize(string text);
}
