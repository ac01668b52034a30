namespace GmailCluster.Models.Decoding;

/// <summary>The running and the finished beams of one sequence.</summary>
internal sealed class SequenceBeams
{
    // What transformers subtracts to rule a score out. Kept, with its rounding in float32: ties among the excluded break as there.
    private const float Excluded = -1e9f;

    private readonly GenerationOptions _options;
    private Beam[] _running;
    private Finished[] _finished;

    public SequenceBeams(GenerationOptions options)
    {
        _options = options;
        _running = [.. Enumerable.Repeat(new Beam(null, 0, 0, 0), options.BeamCount)];
        _finished = [.. Enumerable.Repeat(new Finished(null, Excluded, false), options.BeamCount)];
    }

    /// <summary>New tokens so far.</summary>
    public int Length { get; private set; }

    /// <summary>Whether a running beam may still beat the worst finished one.</summary>
    public bool CanImprove { get; private set; } = true;

    /// <summary>Whether the options end the search because as many sequences as beams have finished.</summary>
    public bool IsFull => _options.Stopping == BeamStopping.WhenFull && _finished.All(f => f.IsFinished);

    /// <summary>Whether every candidate of the last step ended.</summary>
    public bool HasNoContinuation { get; private set; }

    /// <summary>The running beams' log-probabilities, best first.</summary>
    public IEnumerable<float> Scores => _running.Select(b => b.Score);

    /// <summary>The beams of the step before that the running ones continue.</summary>
    public IEnumerable<int> Parents => _running.Select(b => b.Parent);

    /// <summary>The running beams' last tokens.</summary>
    public IEnumerable<long> LastTokens => _running.Select(b => b.Token);

    /// <param name="candidates">The best continuations, best first.</param>
    public void Advance(ReadOnlySpan<BeamCandidate> candidates)
    {
        var beams = _options.BeamCount;
        var extended = new Beam[candidates.Length];
        var hasEnded = new bool[candidates.Length];
        for (var i = 0; i < candidates.Length; i++)
        {
            extended[i] = new Beam(_running[candidates[i].Parent], candidates[i].Parent, candidates[i].Token, candidates[i].Score);
            hasEnded[i] = _options.EosTokenIds.Contains((int)candidates[i].Token) || Length + 1 == _options.MaxNewTokens;
        }

        HasNoContinuation = hasEnded.All(e => e);
        var wasFull = IsFull;
        var divisor = (float)Math.Pow(Length + 1, _options.LengthPenalty);
        var ended = extended.Select((beam, i) =>
        {
            // Only the best may end; the others are there so that enough go on.
            var counts = hasEnded[i] && i < beams;
            var score = (beam.Score / divisor) + (wasFull ? Excluded : 0) + (CanImprove ? 0 : Excluded) + (counts ? 0 : Excluded);
            return new Finished(beam, score, counts);
        });
        _finished = [.. _finished.Concat(ended).OrderByDescending(f => f.Score).Take(beams)];
        _running = [.. extended.Select((beam, i) => hasEnded[i] ? beam with { Score = beam.Score + Excluded } : beam).OrderByDescending(b => b.Score).Take(beams)];
        Length++;

        var horizon = _options is { Stopping: BeamStopping.Exhaustive, LengthPenalty: > 0 } ? _options.MaxNewTokens : Length;
        var reachable = _running[0].Score / (float)Math.Pow(horizon, _options.LengthPenalty);
        var worst = _finished.Min(f => f.Score);
        CanImprove &= _finished.Any(f => reachable > (f.IsFinished ? worst : Excluded));
    }

    /// <summary>The best finished sequence's ids.</summary>
    public IReadOnlyList<long> Best()
    {
        var ids = new List<long>();
        for (var beam = _finished[0].Beam; beam?.Before is not null; beam = beam.Before)
        {
            ids.Add(beam.Token);
        }

        ids.Reverse();
        return ids;
    }

    private sealed record Beam(Beam? Before, int Parent, long Token, float Score);

    private sealed record Finished(Beam? Beam, float Score, bool IsFinished);
}
