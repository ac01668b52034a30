namespace GmailCluster.Data.Tokenizers.SentencePiece;

/// <summary>One entry of the vocabulary; its id is its place in the list.</summary>
internal readonly record struct ModelPiece(string Text, float Score, PieceKind Kind);
