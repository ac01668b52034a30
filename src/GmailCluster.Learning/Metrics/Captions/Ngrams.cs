namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>Counts of the runs of 1 to 4 words of a caption. Words are joined by one space, so a key is a run.</summary>
internal static class Ngrams
{
    public const int Longest = 4;

    /// <summary>Words as Python's <c>str.split()</c> gives them: a no-break space inside a token (<c>5 1/2</c>) separates, too.</summary>
    public static string[] Words(IReadOnlyList<string> tokens) =>
        [.. tokens.SelectMany(token => token.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>Element n - 1 holds the runs of n words.</summary>
    public static Dictionary<string, int>[] Count(string[] words)
    {
        var counts = new Dictionary<string, int>[Longest];
        for (var n = 1; n <= Longest; n++)
        {
            counts[n - 1] = new Dictionary<string, int>(StringComparer.Ordinal);
            for (var start = 0; start + n <= words.Length; start++)
            {
                var run = string.Join(' ', words, start, n);
                counts[n - 1][run] = counts[n - 1].GetValueOrDefault(run) + 1;
            }
        }

        return counts;
    }
}
