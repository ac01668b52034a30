namespace GmailCluster.Reporting.Tables;

/// <summary>One arm against another on one measure, seed by seed.</summary>
internal sealed record Comparison(Measure Measure, ArmKey Arm, ArmKey Baseline, MeanSpread Difference)
{
    /// <summary>Ahead or behind when the mean difference is larger than its spread over seeds, else level; undecided with one seed.</summary>
    public string Verdict => Difference.Spread is not { } spread ? "one seed"
        : Math.Abs(Difference.Mean) <= spread ? "level"
        : Difference.Mean > 0 ? "ahead" : "behind";

    /// <summary>What GMAIL claims: aligned against unaligned, without real pictures and with them.</summary>
    public static IReadOnlyList<Comparison> Of(ResultsGrid grid) =>
    [
        .. grid.Headlines.SelectMany(measure => grid.Arms
            .Select(arm => (Arm: arm, Baseline: BaselineOf(arm)))
            .Where(pair => pair.Baseline is not null)
            .Select(pair => Between(grid, measure, pair.Arm, pair.Baseline!.Value))
            .OfType<Comparison>()),
    ];

    private static ArmKey? BaselineOf(ArmKey arm) => arm.Arm switch
    {
        Specs.Arm.Gmail => new ArmKey(Specs.Arm.Naive),
        Specs.Arm.GmailReal => new ArmKey(Specs.Arm.Mixed),
        _ => null,
    };

    private static Comparison? Between(ResultsGrid grid, Measure measure, ArmKey arm, ArmKey baseline)
    {
        var (mine, other) = (grid.Seeds(arm, measure), grid.Seeds(baseline, measure));
        double[] differences = [.. mine.Where(seed => other.ContainsKey(seed.Key)).Select(seed => seed.Value - other[seed.Key])];
        return differences.Length == 0 ? null : new Comparison(measure, arm, baseline, MeanSpread.Of(differences));
    }
}
