namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Runs its parts in order; none leave the pieces as they are.</summary>
internal sealed class SequencePreTokenizer(IReadOnlyList<IPreTokenizer> parts) : IPreTokenizer
{
    public List<Piece> Split(List<Piece> pieces) => parts.Aggregate(pieces, (current, part) => part.Split(current));
}

/// <summary>Splits at a pattern or a literal text.</summary>
internal sealed class SplitPreTokenizer(string? literal, TokenizerRegex? pattern, bool invert, SplitBehavior behavior) : IPreTokenizer
{
    public List<Piece> Split(List<Piece> pieces)
    {
        var parts = new List<Piece>(pieces.Count * 2);
        foreach (var piece in pieces)
        {
            Splitter.Split(piece, pattern?.Matches(piece.Text) ?? Occurrences(piece.Text, literal!), invert, behavior, parts);
        }

        return parts;
    }

    internal static List<(int Start, int End)> Occurrences(string text, string literal)
    {
        var found = new List<(int, int)>();
        for (var at = 0; literal.Length > 0 && (at = text.IndexOf(literal, at, StringComparison.Ordinal)) >= 0; at += literal.Length)
        {
            found.Add((at, at + literal.Length));
        }

        return found;
    }
}

/// <summary>GPT-2's splitting (optional) and its spelling of bytes as characters.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    private static readonly TokenizerRegex Gpt2 = new(
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", "ByteLevel");

    public List<Piece> Split(List<Piece> pieces)
    {
        var parts = new List<Piece>(pieces.Count * 2);
        foreach (var piece in pieces)
        {
            var text = addPrefixSpace && !piece.Text.StartsWith(' ') ? " " + piece.Text : piece.Text;
            if (useRegex)
            {
                Splitter.Split(piece with { Text = text }, Gpt2.Matches(text), invert: false, SplitBehavior.Isolated, parts);
            }
            else
            {
                parts.Add(piece with { Text = text });
            }
        }

        for (var i = 0; i < parts.Count; i++)
        {
            parts[i] = parts[i] with { Text = ByteAlphabet.Spell(parts[i].Text) };
        }

        return parts;
    }
}

/// <summary>SentencePiece's visible space, as the tokenizers library does it.</summary>
internal sealed class MetaspacePreTokenizer(char replacement, bool prependFirst, bool prependAlways, bool split) : IPreTokenizer
{
    public List<Piece> Split(List<Piece> pieces)
    {
        var parts = new List<Piece>(pieces.Count * 2);
        foreach (var piece in pieces)
        {
            var text = piece.Text.Replace(' ', replacement);
            if ((prependAlways || (prependFirst && piece.AtStart)) && !text.StartsWith(replacement))
            {
                text = replacement + text;
            }

            var marked = piece with { Text = text };
            if (split)
            {
                var spaces = SplitPreTokenizer.Occurrences(text, replacement.ToString());
                Splitter.Split(marked, spaces, invert: false, SplitBehavior.MergedWithNext, parts);
            }
            else
            {
                parts.Add(marked);
            }
        }

        return parts;
    }
}

/// <summary>Sets digits (any Unicode number) apart, together or each alone.</summary>
internal sealed class DigitsPreTokenizer(bool individual) : IPreTokenizer
{
    private static readonly TokenizerRegex Number = new(@"\p{N}", "Digits");

    public List<Piece> Split(List<Piece> pieces)
    {
        var parts = new List<Piece>(pieces.Count * 2);
        foreach (var piece in pieces)
        {
            var behavior = individual ? SplitBehavior.Isolated : SplitBehavior.Contiguous;
            Splitter.Split(piece, Number.Matches(piece.Text), invert: false, behavior, parts);
        }

        return parts;
    }
}
