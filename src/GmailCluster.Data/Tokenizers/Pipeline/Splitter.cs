namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Cuts a piece at its delimiters.</summary>
internal static class Splitter
{
    /// <summary>Appends the parts of <paramref name="piece"/>; empty ones are left out.</summary>
    /// <param name="piece">What to split.</param>
    /// <param name="matches">Matches of the pattern, in order.</param>
    /// <param name="invert">Whether the delimiters are what lies between the matches.</param>
    /// <param name="behavior">What becomes of the delimiters.</param>
    /// <param name="parts">Where to.</param>
    public static void Split(
        Piece piece, IEnumerable<(int Start, int End)> matches, bool invert, SplitBehavior behavior, List<Piece> parts)
    {
        foreach (var (start, end) in Join(Cover(piece.Text, matches, invert), behavior))
        {
            if (end > start)
            {
                parts.Add(new Piece(piece.Text[start..end], piece.AtStart && start == 0));
            }
        }
    }

    private static List<(int Start, int End, bool IsDelimiter)> Cover(
        string text, IEnumerable<(int Start, int End)> matches, bool invert)
    {
        var (cover, at) = (new List<(int, int, bool)>(), 0);
        foreach (var (start, end) in matches)
        {
            if (start > at)
            {
                cover.Add((at, start, invert));
            }

            cover.Add((start, end, !invert));
            at = end;
        }

        if (at < text.Length)
        {
            cover.Add((at, text.Length, invert));
        }

        return cover;
    }

    private static List<(int Start, int End)> Join(List<(int Start, int End, bool IsDelimiter)> cover, SplitBehavior behavior)
    {
        var joined = new List<(int Start, int End)>(cover.Count);
        for (var i = 0; i < cover.Count; i++)
        {
            var (start, end, isDelimiter) = cover[i];
            var wasDelimiter = i > 0 && cover[i - 1].IsDelimiter;
            var extends = i > 0 && behavior switch
            {
                SplitBehavior.Contiguous => isDelimiter == wasDelimiter,
                SplitBehavior.MergedWithPrevious => isDelimiter && !wasDelimiter,
                SplitBehavior.MergedWithNext => !isDelimiter && wasDelimiter,
                _ => false,
            };
            if (extends)
            {
                joined[^1] = (joined[^1].Start, end);
            }
            else if (behavior != SplitBehavior.Removed || !isDelimiter)
            {
                joined.Add((start, end));
            }
        }

        return joined;
    }
}
