using System.Collections.Frozen;
using System.Globalization;

namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>
/// Splits captions into words as pycocoevalcap does: Stanford's PTBTokenizer 3.4.1 with <c>-preserveLines -lowerCase</c>, then
/// its list of punctuation removed. Brackets stay, as <c>-lrb-</c>, because that list has them in capitals only: published
/// scores count them, so do ours.
/// </summary>
public static class PtbTokenizer
{
    private static readonly FrozenSet<string> Punctuation =
        FrozenSet.ToFrozenSet(["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"], StringComparer.Ordinal);

    /// <summary>The words of one caption, lower-cased, without punctuation; empty for an empty caption.</summary>
    /// <param name="caption">Any text; line breaks count as spaces.</param>
    public static string[] Tokenize(string caption)
    {
        ArgumentNullException.ThrowIfNull(caption);

        // The lexer looks one character ahead of some tokens: a caption is a line, so a line break follows it.
        var text = caption.Replace('\n', ' ') + "\n";
        var words = new List<string>();
        for (var position = 0; position < text.Length;)
        {
            var (token, length) = PtbLexer.Next(text, position);
            position += length;
            var word = token?.ToLower(CultureInfo.InvariantCulture);
            if (word is { Length: > 0 } && !Punctuation.Contains(word))
            {
                words.Add(word);
            }
        }

        return [.. words];
    }
}
