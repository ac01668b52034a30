using GmailCluster.Reporting.Tables;
using GmailCluster.Results;
using GmailCluster.Specs;

namespace GmailCluster.Reporting.Tests.Tables;

public class ArmsTableTests
{
    [Fact]
    public void Arms_stand_side_by_side_with_the_best_starred()
    {
        var results = SyntheticResults.Bare with
        {
            Seeds = [0, 1],
            Metrics =
            [
                Value(Arm.Real, 0, "caption", "novel", "CIDEr", 70), Value(Arm.Real, 1, "caption", "novel", "CIDEr", 74),
                Value(Arm.Naive, 0, "caption", "novel", "CIDEr", 60), Value(Arm.Naive, 1, "caption", "novel", "CIDEr", 64),
                Value(Arm.GmailReal, 0, "caption", "novel", "CIDEr", 61), Value(Arm.GmailReal, 1, "caption", "novel", "CIDEr", 65),
                Value(Arm.Naive, 0, "caption", "novel", "BLEU-1", 60),
                Value(Arm.Naive, 0, "retrieve", null, "image->text R@1", 20), Value(Arm.Naive, 0, "retrieve", null, "image->text R@10", 50),
                Value(Arm.Naive, 0, "retrieve", null, "image->text R@1", 90) with { Sweep = new SweepPoint(0.5, 1) },
            ],
        };

        const string Expected = """
                                          real         naive    gmail+real
            caption CIDEr (novel)    72.0 ± 2.8   62.0 ± 2.8   63.0 ± 2.8*
            retrieve image->text R@1          -         20.0             -
            * best but for real, the reference; mean ± standard deviation over 2 seeds

            """;
        Assert.Equal(Normalised(Expected), Normalised(ArmsTable.Render(results)));
    }

    [Fact]
    public void Nothing_evaluated_is_said() => Assert.Equal("No figures: nothing was evaluated.\n", ArmsTable.Render(SyntheticResults.Bare));

    [Theory]
    [InlineData(0.02, "0.02 s")]
    [InlineData(9.3, "9.3 s")]
    [InlineData(75, "75 s")]
    [InlineData(1011.4, "16 min 51 s")]
    [InlineData(7300, "2 h 1 min")]
    public void Durations_read_naturally(double seconds, string expected) => Assert.Equal(expected, Figures.Duration(seconds));

    private static string Normalised(string table) =>
        string.Join('\n', table.ReplaceLineEndings("\n").Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));

    private static MetricValue Value(Arm arm, int seed, string task, string? dataset, string metric, double value) =>
        new() { Arm = arm, Seed = seed, Task = task, Dataset = dataset, Metric = metric, Value = value, ArtifactKey = "k" };
}
