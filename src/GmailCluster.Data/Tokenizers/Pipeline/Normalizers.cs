using System.Text;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Runs its parts in order; none leave the text as it is.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> parts) : INormalizer
{
    public string Normalize(string text) => parts.Aggregate(text, (current, part) => part.Normalize(current));
}

/// <summary>One of Unicode's four normal forms.</summary>
internal sealed class UnicodeFormNormalizer(NormalizationForm form) : INormalizer
{
    // .NET refuses the noncharacter U+FFFE. It composes with nothing, so the text on either side is normalised alone.
    public string Normalize(string text) =>
        text.Contains('\uFFFE', StringComparison.Ordinal)
            ? string.Join('\uFFFE', text.Split('\uFFFE').Select(part => part.Normalize(form)))
            : text.Normalize(form);
}

/// <summary>Unicode's lower case of each character by itself (no rule for a final sigma).</summary>
internal sealed class LowercaseNormalizer : INormalizer
{
    public string Normalize(string text)
    {
        var lower = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == 0x130)
            {
                lower.Append("i\u0307"); // the one letter whose lower case is two characters; .NET's invariant casing leaves it
            }
            else
            {
                lower.Append(Rune.ToLowerInvariant(rune).ToString());
            }
        }

        return lower.ToString();
    }
}

/// <summary>Replaces each occurrence of a text or a pattern.</summary>
internal sealed class ReplaceNormalizer(string? literal, TokenizerRegex? pattern, string content) : INormalizer
{
    public string Normalize(string text)
    {
        if (literal is not null)
        {
            return literal.Length == 0 ? text : text.Replace(literal, content, StringComparison.Ordinal);
        }

        var matches = pattern!.Matches(text);
        if (matches.Count == 0)
        {
            return text;
        }

        var (replaced, at) = (new StringBuilder(text.Length), 0);
        foreach (var (start, end) in matches)
        {
            replaced.Append(text, at, start - at).Append(content);
            at = end;
        }

        return replaced.Append(text, at, text.Length - at).ToString();
    }
}

/// <summary>Puts a text in front of what is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    public string Normalize(string text) => text.Length == 0 ? text : prefix + text;
}

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public string Normalize(string text)
    {
        text = left ? text.TrimStart() : text;
        return right ? text.TrimEnd() : text;
    }
}
