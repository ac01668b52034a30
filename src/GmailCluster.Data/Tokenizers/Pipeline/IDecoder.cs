namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>A step from tokens towards text; the strings of the last step are joined. Pure and thread-safe.</summary>
internal interface IDecoder
{
    List<string> Decode(List<string> tokens);
}
