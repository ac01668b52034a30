namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>A step that splits pieces of text into smaller ones. Pure and thread-safe.</summary>
internal interface IPreTokenizer
{
    List<Piece> Split(List<Piece> pieces);
}
