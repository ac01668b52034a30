namespace GmailCluster.Reporting.Tables;

/// <summary>Mean and sample standard deviation over seeds. One value has no spread, and says so.</summary>
internal readonly record struct MeanSpread(double Mean, double? Spread, int Count)
{
    public static MeanSpread Of(IReadOnlyCollection<double> values)
    {
        var mean = values.Average();
        double? spread = values.Count > 1 ? Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1)) : null;
        return new MeanSpread(mean, spread, values.Count);
    }

    /// <summary>Both with as many decimals, such as <c>71.7 ± 10.0</c>.</summary>
    public string Text(int decimals) =>
        Spread is { } spread ? $"{Figures.Fixed(Mean, decimals)} ± {Figures.Fixed(spread, decimals)}" : Figures.Fixed(Mean, decimals);
}
