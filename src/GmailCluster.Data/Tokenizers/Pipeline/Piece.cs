namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>A part of the text on its way to the model.</summary>
/// <param name="Text">What it holds.</param>
/// <param name="AtStart">Whether it begins where the whole text begins.</param>
internal readonly record struct Piece(string Text, bool AtStart);
