using GmailCluster.Reporting.Tables;
using GmailCluster.Results;

namespace GmailCluster.Reporting.Report;

/// <summary>A sweep's point in words.</summary>
internal static class Sweep
{
    public static string Text(SweepPoint? point) => point is null ? "–" : $"{Fraction(point.DataFraction)} of captions × {point.ImagesPerCaption}";

    /// <summary>Fractions as people say them: 1/8, else 12.3 %.</summary>
    public static string Fraction(double fraction) => fraction == 1 ? "all"
        : Math.Abs((1 / fraction) - Math.Round(1 / fraction)) < 1e-6 ? $"1/{Math.Round(1 / fraction)}"
        : $"{Figures.Short(100 * fraction)} %";
}
