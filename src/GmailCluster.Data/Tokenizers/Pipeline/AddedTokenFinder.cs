using System.Globalization;
using System.Text;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Finds added tokens in a text: leftmost first, the longest among those that begin together.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<char, List<(string Text, AddedToken Token)>> _byFirst = [];
    private readonly System.Buffers.SearchValues<char> _firsts;

    /// <param name="tokens">Tokens, each with the text to look for.</param>
    public AddedTokenFinder(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        foreach (var token in tokens.Where(t => t.Text.Length > 0).OrderByDescending(t => t.Text.Length))
        {
            if (!_byFirst.TryGetValue(token.Text[0], out var same))
            {
                _byFirst[token.Text[0]] = same = [];
            }

            same.Add(token);
        }

        _firsts = System.Buffers.SearchValues.Create([.. _byFirst.Keys]);
    }

    /// <summary>The text in order, as stretches of plain text (id null) and tokens.</summary>
    public List<(int Start, int End, int? Id)> Split(string text)
    {
        var (found, plainFrom, at) = (new List<(int, int, int?)>(), 0, 0);
        while (at < text.Length)
        {
            var skip = text.AsSpan(at).IndexOfAny(_firsts);
            if (skip < 0)
            {
                break;
            }

            at += skip;
            if (LongestAt(text, at) is not var (content, token))
            {
                at++;
                continue;
            }

            var (start, end) = (at, at + content.Length);
            at = end;
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(end))))
            {
                continue;
            }

            while (token.LStrip && start > plainFrom && char.IsWhiteSpace(text[start - 1]))
            {
                start--;
            }

            while (token.RStrip && end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            if (start > plainFrom)
            {
                found.Add((plainFrom, start, null));
            }

            found.Add((start, end, token.Id));
            (plainFrom, at) = (end, end);
        }

        if (plainFrom < text.Length)
        {
            found.Add((plainFrom, text.Length, null));
        }

        return found;
    }

    private (string Text, AddedToken Token)? LongestAt(string text, int at)
    {
        foreach (var candidate in _byFirst[text[at]])
        {
            if (text.AsSpan(at).StartsWith(candidate.Text, StringComparison.Ordinal))
            {
                return candidate;
            }
        }

        return null;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var last, out _) == System.Buffers.OperationStatus.Done && IsWord(last);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var first, out _) == System.Buffers.OperationStatus.Done && IsWord(first);

    // \w of Unicode's annex 18: letters, marks, decimal digits, connectors, joiners.
    private static bool IsWord(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or UnicodeCategory.DecimalDigitNumber
        or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
}
