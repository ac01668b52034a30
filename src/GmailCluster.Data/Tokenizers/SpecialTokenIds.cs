namespace GmailCluster.Data.Tokenizers;

/// <summary>The ids a model gives a meaning of their own; null where the folder names no such token.</summary>
/// <param name="Bos">Begins a sequence.</param>
/// <param name="Eos">Ends a sequence, and ends generation.</param>
/// <param name="Pad">Fills a row up to its length.</param>
/// <param name="Unk">Stands for what the vocabulary cannot spell.</param>
public readonly record struct SpecialTokenIds(int? Bos, int? Eos, int? Pad, int? Unk);
