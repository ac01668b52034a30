using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>
/// A tokenizer's regular expression, matched over Unicode characters. .NET matches UTF-16 units, where a letter beyond U+FFFF is
/// two surrogates and no letter; so texts that hold such characters are matched through a copy in which each is one
/// stand-in of its general category.
/// </summary>
internal sealed class TokenizerRegex
{
    // The limit only bounds what a damaged or hostile pattern can cost: ordinary ones take microseconds.
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(5);

    private readonly Regex _regex;
    private readonly string _where;

    public TokenizerRegex(string pattern, string where, TimeSpan? limit = null)
    {
        _where = where;
        try
        {
            _regex = new Regex(OnigurumaPattern.ToDotNet(pattern), RegexOptions.CultureInvariant, limit ?? DefaultLimit);
        }
        catch (Exception problem) when (problem is ArgumentException or NotSupportedException)
        {
            throw new InputException(
                where, $"is a pattern that cannot be used here ({problem.Message.TrimEnd('.')}).",
                "Export the tokenizer with an equivalent pattern, or with its vocab.json and merges.txt.", problem);
        }
    }

    /// <summary>The non-empty matches in order, as ranges of UTF-16 units of <paramref name="text"/>.</summary>
    public List<(int Start, int End)> Matches(string text)
    {
        var found = new List<(int, int)>();
        var (subject, offsets) = Project(text);
        try
        {
            foreach (var match in _regex.EnumerateMatches(subject))
            {
                if (match.Length > 0)
                {
                    var (start, end) = (match.Index, match.Index + match.Length);
                    found.Add(offsets is null ? (start, end) : (offsets[start], offsets[end]));
                }
            }
        }
        catch (RegexMatchTimeoutException problem)
        {
            throw new InputException(
                _where, $"is a pattern that needs more than {_regex.MatchTimeout.TotalSeconds:0.###} s for a text of {text.Length} characters.",
                "Use the tokenizer's original file.", problem);
        }

        return found;
    }

    private static (string Subject, int[]? Offsets) Project(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return (text, null);
        }

        var subject = new StringBuilder(text.Length);
        var offsets = new int[text.Length + 1];
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            offsets[subject.Length] = at;
            subject.Append(rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune)));
            at += rune.Utf16SequenceLength;
        }

        offsets[subject.Length] = at;
        return (subject.ToString(), offsets);
    }

    // A rare character of the same category (a test holds them to it). No pattern names one of these literally.
    internal static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\uA640',
        UnicodeCategory.LowercaseLetter => '\uA641',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\uA717',
        UnicodeCategory.OtherLetter => '\uA500',
        UnicodeCategory.NonSpacingMark => '\uA806',
        UnicodeCategory.SpacingCombiningMark => '\uA823',
        UnicodeCategory.EnclosingMark => '\uA670',
        UnicodeCategory.DecimalDigitNumber => '\uA8D0',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.ConnectorPunctuation => '\uFE33',
        UnicodeCategory.DashPunctuation => '\u1806',
        UnicodeCategory.OpenPunctuation => '\u2E22',
        UnicodeCategory.ClosePunctuation => '\u2E23',
        UnicodeCategory.InitialQuotePunctuation => '\u2E02',
        UnicodeCategory.FinalQuotePunctuation => '\u2E03',
        UnicodeCategory.OtherPunctuation => '\uA6F2',
        UnicodeCategory.MathSymbol => '\u2AFF',
        UnicodeCategory.CurrencySymbol => '\uA838',
        UnicodeCategory.ModifierSymbol => '\uA700',
        UnicodeCategory.OtherSymbol => '\uA490',
        UnicodeCategory.Format => '\u206A',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\uFFFE', // not assigned; no separator, control or surrogate lies beyond U+FFFF
    };
}
