namespace GmailCluster.Specs;

/// <summary>The word a mistyped one was probably meant to be.</summary>
public static class Nearest
{
    /// <summary>The candidate with the smallest edit distance, or null when none shares even half of the word.</summary>
    public static string? To(string word, IEnumerable<string> candidates) =>
        candidates.Select(candidate => (Candidate: candidate, Distance: Distance(word, candidate)))
            .Where(pair => pair.Distance <= Math.Max(2, Math.Max(word.Length, pair.Candidate.Length) / 2))
            .OrderBy(pair => pair.Distance)
            .ThenBy(pair => pair.Candidate, StringComparer.Ordinal)
            .Select(pair => pair.Candidate)
            .FirstOrDefault();

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one word into the other (optimal string alignment).</summary>
    public static int Distance(string from, string to)
    {
        // A key of a megabyte is nobody's typing error, and the table is quadratic.
        if (Math.Max(from.Length, to.Length) > 100)
        {
            return from == to ? 0 : Math.Max(from.Length, to.Length);
        }

        var d = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            d[i, 0] = i;
        }

        for (var j = 0; j <= to.Length; j++)
        {
            d[0, j] = j;
        }

        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var replace = d[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(replace, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[from.Length, to.Length];
    }
}
