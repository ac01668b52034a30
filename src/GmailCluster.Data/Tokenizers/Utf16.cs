using System.Text;

namespace GmailCluster.Data.Tokenizers;

/// <summary>What .NET's strings allow and UTF-8 does not.</summary>
internal static class Utf16
{
    /// <summary>The text with each lone surrogate replaced by U+FFFD, the text itself where there is none.</summary>
    public static string Repair(string text)
    {
        var first = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        if (first < 0)
        {
            return text;
        }

        var repaired = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            repaired.Append(rune.ToString());
        }

        return repaired.ToString();
    }
}
