using CsCheck;
using GmailCluster.Golden;
using GmailCluster.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Decoding;

public sealed class BeamSearchTests : IDisposable
{
    private const int End = 0, Start = 9, A = 1, B = 2, C = 3, D = 4;

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    // With two beams: after one token "End" has finished (ln 0.4); after two "A End" has, at (ln 0.35 + ln 0.9) / 2 = -0.58. The
    // runner "B D" stands at (ln 0.25 + ln 0.45) / 2 = -1.09 then, but would reach -0.22 if it went on to ten tokens.
    [Theory]
    [InlineData(BeamStopping.Heuristic, new[] { A, End })]
    [InlineData(BeamStopping.WhenFull, new[] { A, End })]
    [InlineData(BeamStopping.Exhaustive, new[] { B, D, D, D, D, D, D, D, D, D })]
    public void A_runner_that_lags_now_counts_only_when_the_search_is_exhaustive(BeamStopping stopping, int[] expected) =>
        Assert.Equal(expected, Search(stopping, bThenD: 0.45, dThenEnd: 0));

    // The runner "B D" stands at (ln 0.25 + ln 0.9) / 2 = -0.75, before "End" alone (-0.92); with its end it passes "A End" (-0.50 to
    // -0.58). "A C C ..." would be better yet at ten tokens (-0.34).
    [Theory]
    [InlineData(BeamStopping.Heuristic, new[] { B, D, End })]
    [InlineData(BeamStopping.WhenFull, new[] { A, End })]
    [InlineData(BeamStopping.Exhaustive, new[] { A, C, C, C, C, C, C, C, C, C })]
    public void A_runner_that_leads_counts_unless_the_first_sequences_are_enough(BeamStopping stopping, int[] expected) =>
        Assert.Equal(expected, Search(stopping, bThenD: 0.9, dThenEnd: 1));

    // Nothing is pruned, so the search must find the best of all sequences: those that end, and those cut at the limit.
    [Fact]
    public void Wide_beams_find_the_best_of_all_sequences() => Gen.Select(Gen.Int[0, 100_000], Gen.OneOf(Gen.Const(0.0), Gen.Const(0.5), Gen.Const(1.0), Gen.Const(2.0))).Sample((seed, penalty) =>
    {
        using var scope = NewDisposeScope();
        const int limit = 4;
        IReadOnlyDictionary<int, double> Next(IReadOnlyList<int> before)
        {
            var random = CounterRandom.For((ulong)seed, string.Join(' ', before));
            var weights = new[] { End, A, B, C }.ToDictionary(t => t, _ => 0.05 + random.NextDouble());
            var sum = weights.Values.Sum();
            return weights.ToDictionary(w => w.Key, w => w.Value / sum);
        }

        IEnumerable<(int[] Ids, double Score)> All(int[] before, double score)
        {
            foreach (var (token, probability) in Next([Start, .. before]))
            {
                var (ids, sum) = ((int[])[.. before, token], score + Math.Log(probability));
                foreach (var sequence in token == End || ids.Length == limit ? [(ids, sum / Math.Pow(ids.Length, penalty))] : All(ids, sum))
                {
                    yield return sequence;
                }
            }
        }

        var best = All([], 0).MaxBy(s => s.Score);

        var options = new GenerationOptions
        {
            MaxNewTokens = limit, BeamCount = 100, EosTokenIds = [End], LengthPenalty = penalty, Stopping = BeamStopping.Exhaustive,
        };
        var ids = Generate(new TableLanguageModel(250, Next), options);

        Assert.Equal(best.Ids, ids.Take(best.Ids.Length));
        Assert.All(ids.Skip(best.Ids.Length), id => Assert.Equal(End, id));
    }, iter: 100);

    [Fact]
    public void A_padding_id_of_zero_is_the_end_token_as_in_transformers()
    {
        var model = new TableLanguageModel(12, before => before[0] == 7 ? new Dictionary<int, double> { [D] = 1 } : new Dictionary<int, double> { [C] = 0.6, [D] = 0.4 });
        var options = new GenerationOptions { MaxNewTokens = 3, BeamCount = 2, EosTokenIds = [C], PadTokenId = 0 };

        var ids = Decoder.Generate(model, model.Embed(tensor(new long[] { 7, 8 }, 2, 1)), options, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal([D, D, D, C, C, C], LanguageModelReference.Ids(ids).Select(id => (int)id));
    }

    private static int[] Search(BeamStopping stopping, double bThenD, double dThenEnd)
    {
        var model = new TableLanguageModel(16, before => before[^1] switch
        {
            Start => new Dictionary<int, double> { [End] = 0.4, [A] = 0.35, [B] = 0.25 },
            A => new Dictionary<int, double> { [End] = 0.9, [C] = 0.1 },
            B => new Dictionary<int, double> { [End] = 1 - bThenD, [D] = bThenD },
            D when dThenEnd > 0 => new Dictionary<int, double> { [End] = dThenEnd },
            D => new Dictionary<int, double> { [D] = 1 },
            _ => new Dictionary<int, double> { [C] = 1 },
        });
        return Generate(model, new() { MaxNewTokens = 10, BeamCount = 2, EosTokenIds = [End], Stopping = stopping });
    }

    private static int[] Generate(TableLanguageModel model, GenerationOptions options)
    {
        using var scope = NewDisposeScope();
        var ids = Decoder.Generate(model, model.Embed(tensor(new long[] { Start }, 1, 1)), options, cancellationToken: TestContext.Current.CancellationToken);
        return [.. LanguageModelReference.Ids(ids).Select(id => (int)id)];
    }
}
