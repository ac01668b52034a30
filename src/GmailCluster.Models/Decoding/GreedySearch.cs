using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>The likeliest token at each step.</summary>
internal static class GreedySearch
{
    /// <returns>Each sequence's new ids, the end token included.</returns>
    public static IReadOnlyList<IReadOnlyList<long>> Run(DecodingSession session, GenerationOptions options, CancellationToken cancellationToken)
    {
        var sequences = Enumerable.Range(0, session.SequenceCount).Select(_ => new List<long>(options.MaxNewTokens)).ToArray();
        var rows = Enumerable.Range(0, sequences.Length).ToArray(); // the sequence that a row of the cache belongs to
        var next = Likeliest(session.Start);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var r = 0; r < rows.Length; r++)
            {
                if (!HasEnded(sequences[rows[r]], options))
                {
                    sequences[rows[r]].Add(next[r]);
                }
            }

            var running = Enumerable.Range(0, rows.Length).Where(r => !HasEnded(sequences[rows[r]], options)).ToArray();
            if (running.Length == 0)
            {
                return sequences;
            }

            // Rows that have ended cost as much as the others: at half of them it pays to move the rest together.
            if (running.Length <= rows.Length / 2)
            {
                session.Select([.. running.Select(r => (long)r)]);
                (rows, next) = ([.. running.Select(r => rows[r])], [.. running.Select(r => next[r])]);
            }

            var ids = next;
            next = Likeliest(() => session.Step(ids));
        }
    }

    private static bool HasEnded(List<long> ids, GenerationOptions options) =>
        ids.Count == options.MaxNewTokens || (ids.Count > 0 && options.EosTokenIds.Contains((int)ids[^1]));

    private static long[] Likeliest(Func<Tensor> logits)
    {
        using var scope = NewDisposeScope();
        return logits().argmax(-1).cpu().data<long>().ToArray();
    }
}
