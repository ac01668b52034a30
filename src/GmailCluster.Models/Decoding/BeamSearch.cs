using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

/// <summary>
/// Beam search as transformers does it (<c>generation/utils.py</c>, <c>_beam_search</c>), in float32 as there, so that ids are
/// equal. All sequences run until none can improve.
/// </summary>
// B sequences, K beams each, V vocabulary.
internal static class BeamSearch
{
    /// <returns>Each sequence's best new ids, the end token included.</returns>
    public static IReadOnlyList<IReadOnlyList<long>> Run(DecodingSession session, GenerationOptions options, CancellationToken cancellationToken)
    {
        var beams = options.BeamCount;
        var kept = Math.Max(2, 1 + options.EosTokenIds.Count) * beams; // enough to go on with if the best all end
        if (kept > session.VocabularySize)
        {
            throw new ArgumentException($"{beams} beams need a vocabulary of at least {kept}; this one has {session.VocabularySize}.", nameof(options));
        }

        var searches = Enumerable.Range(0, session.SequenceCount).Select(_ => new SequenceBeams(options)).ToArray();
        var candidates = Best(searches, kept, session.VocabularySize, session.Start);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var b = 0; b < searches.Length; b++)
            {
                searches[b].Advance(candidates.AsSpan(b * kept, kept));
            }

            if (!searches.Any(s => s.CanImprove) || searches.All(s => s.IsFull) || searches.All(s => s.HasNoContinuation))
            {
                return [.. searches.Select(s => s.Best())];
            }

            // The first step read each prefix once; from then on there is a row for each beam.
            var rowsPerSequence = searches[0].Length == 1 ? 1 : beams;
            session.Select([.. searches.SelectMany((s, b) => s.Parents.Select(p => (long)((b * rowsPerSequence) + p)))]);
            long[] ids = [.. searches.SelectMany(s => s.LastTokens)];
            candidates = Best(searches, kept, session.VocabularySize, () => session.Step(ids));
        }
    }

    private static BeamCandidate[] Best(SequenceBeams[] searches, int kept, int vocabulary, Func<Tensor> logits)
    {
        using var scope = NewDisposeScope();
        var logProbabilities = logits().to(ScalarType.Float32).log_softmax(-1).view(searches.Length, -1, vocabulary); // [B, K or 1, V]
        if (searches[0].Length > 0)
        {
            var scores = tensor(searches.SelectMany(s => s.Scores).ToArray(), device: logProbabilities.device);
            logProbabilities += scores.view(searches.Length, -1, 1);
        }

        var (values, places) = logProbabilities.view(searches.Length, -1).topk(kept);
        var (scoresOut, placesOut) = (
            MemoryMarshal.Cast<byte, float>(values.cpu().contiguous().bytes).ToArray(), places.cpu().contiguous().data<long>().ToArray());
        return [.. scoresOut.Zip(placesOut, (s, p) => new BeamCandidate(s, (int)(p / vocabulary), p % vocabulary))];
    }
}
