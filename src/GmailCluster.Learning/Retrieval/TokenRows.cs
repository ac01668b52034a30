namespace GmailCluster.Learning.Retrieval;

/// <summary>Padded token rows, cut to the longest row of the batch: attention is causal, so what follows the end token counts for nothing.</summary>
internal static class TokenRows
{
    /// <summary>Ids as [b, T], T the longest row with its end token.</summary>
    /// <param name="padded">Rows of equally many ids.</param>
    /// <param name="rows">b.</param>
    public static Tensor Trimmed(long[] padded, int rows)
    {
        var width = padded.Length / rows;
        var pad = padded[width - 1];
        var longest = 0;
        for (var r = 0; r < rows; r++)
        {
            var end = width;
            while (end > 1 && padded[(r * width) + end - 1] == pad && padded[(r * width) + end - 2] == pad)
            {
                end--;
            }

            longest = Math.Max(longest, end);
        }

        // The end token and the padding may be the same id: one of them stays.
        return tensor(padded, [rows, width]).narrow(1, 0, longest);
    }
}
