namespace GmailCluster.Reporting.Scaling;

/// <summary>A fitted scaling law y = a x^b + c, with its confidence.</summary>
public sealed record PowerLaw
{
    private static readonly double[] StudentT = // two-sided 95 %, by degrees of freedom
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];

    private double _meanLogX;
    private double _sumSquaresLogX;
    private double _residual;
    private double _quantile;

    private PowerLaw()
    {
    }

    /// <summary>The factor a: y at x = 1, the offset aside.</summary>
    public double Factor { get; private init; }

    /// <summary>The exponent b: doubling x multiplies y by 2^b.</summary>
    public double Exponent { get; private init; }

    /// <summary>The offset c; 0 unless asked for.</summary>
    public double Offset { get; private init; }

    /// <summary>Share of the variance of y explained, in y's own scale; below 0 when the mean would do better.</summary>
    public double RSquared { get; private init; }

    /// <summary>Half the width of the exponent's 95 % confidence interval; null when it is not known (two points, or an offset).</summary>
    public double? ExponentMargin { get; private init; }

    /// <summary>How many observations were fitted.</summary>
    public int Observations { get; private init; }

    /// <summary>
    /// Fits y = a x^b by least squares in logarithms: errors that grow with y, as scores of trained models show. Null when there
    /// is nothing to fit: fewer than <paramref name="leastPoints"/> different x, or a number that is not positive.
    /// </summary>
    /// <param name="x">Amounts of data.</param>
    /// <param name="y">A figure at each.</param>
    /// <param name="leastPoints">Different x needed. Default 3: two points fit any law.</param>
    public static PowerLaw? Fit(IReadOnlyList<double> x, IReadOnlyList<double> y, int leastPoints = 3)
    {
        Check(x, y);
        if (!Usable(x, leastPoints) || y.Any(value => !(value > 0 && double.IsFinite(value))))
        {
            return null;
        }

        double[] logX = [.. x.Select(value => Math.Log(value))];
        double[] logY = [.. y.Select(value => Math.Log(value))];
        var (intercept, slope) = Line(logX, logY);
        var meanX = logX.Average();
        var spread = logX.Sum(value => (value - meanX) * (value - meanX));
        var freedom = x.Count - 2;
        var squares = logX.Zip(logY).Sum(point => Math.Pow(point.Second - intercept - (slope * point.First), 2));
        var residual = freedom > 0 ? Math.Sqrt(squares / freedom) : 0;
        var quantile = freedom > 0 ? freedom <= StudentT.Length ? StudentT[freedom - 1] : 1.96 + (2.5 / freedom) : 0;
        return new PowerLaw
        {
            Factor = Math.Exp(intercept),
            Exponent = slope,
            RSquared = Explained(x, y, value => Math.Exp(intercept) * Math.Pow(value, slope)),
            ExponentMargin = freedom > 0 ? quantile * residual / Math.Sqrt(spread) : null,
            Observations = x.Count,
            _meanLogX = meanX,
            _sumSquaresLogX = spread,
            _residual = residual,
            _quantile = quantile,
        };
    }

    /// <summary>
    /// Fits y = a x^b + c by least squares: for each exponent of a fine grid a and c follow, the best is refined. Needs four
    /// different x; gives no confidence band.
    /// </summary>
    public static PowerLaw? FitWithOffset(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        Check(x, y);
        if (!Usable(x, 4) || y.Any(value => !double.IsFinite(value)))
        {
            return null;
        }

        // The exponent alone is searched; near 0 the law is a line in log x, which x^b with a small b stands for.
        var best = Enumerable.Range(-300, 601).Where(step => step != 0).Select(step => step / 100.0).MinBy(exponent => Squares(exponent).Sum);
        for (var width = 0.01; width > 1e-10; width /= 2)
        {
            best = new[] { best - (width / 2), best, best + (width / 2) }.Where(exponent => Math.Abs(exponent) > 1e-9).MinBy(exponent => Squares(exponent).Sum);
        }

        var (factor, offset, _) = Squares(best);
        return new PowerLaw
        {
            Factor = factor,
            Exponent = best,
            Offset = offset,
            RSquared = Explained(x, y, value => (factor * Math.Pow(value, best)) + offset),
            Observations = x.Count,
        };

        (double Factor, double Offset, double Sum) Squares(double exponent)
        {
            double[] powers = [.. x.Select(value => Math.Pow(value, exponent))];
            var (intercept, slope) = Line(powers, y);
            return (slope, intercept, powers.Zip(y).Sum(point => Math.Pow(point.Second - intercept - (slope * point.First), 2)));
        }
    }

    /// <summary>The law's y.</summary>
    public double At(double x) => (Factor * Math.Pow(x, Exponent)) + Offset;

    /// <summary>The 95 % confidence band of the law at x (of the curve, not of a new observation); null where it is not known.</summary>
    public (double Low, double High)? BandAt(double x)
    {
        if (ExponentMargin is null)
        {
            return null;
        }

        var distance = Math.Log(x) - _meanLogX;
        var margin = _quantile * _residual * Math.Sqrt((1.0 / Observations) + (distance * distance / _sumSquaresLogX));
        return (At(x) * Math.Exp(-margin), At(x) * Math.Exp(margin));
    }

    private static void Check(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Count != y.Count)
        {
            throw new ArgumentException($"{x.Count} amounts and {y.Count} figures: need as many of both.", nameof(y));
        }
    }

    private static bool Usable(IReadOnlyList<double> x, int leastPoints) =>
        x.All(value => value > 0 && double.IsFinite(value)) && x.Distinct().Count() >= Math.Max(2, leastPoints);

    private static (double Intercept, double Slope) Line(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        var (meanX, meanY) = (x.Average(), y.Average());
        var slope = x.Zip(y).Sum(point => (point.First - meanX) * (point.Second - meanY)) / x.Sum(value => (value - meanX) * (value - meanX));
        return (meanY - (slope * meanX), slope);
    }

    private static double Explained(IReadOnlyList<double> x, IReadOnlyList<double> y, Func<double, double> law)
    {
        var mean = y.Average();
        var total = y.Sum(value => (value - mean) * (value - mean));
        var flat = 1e-24 * y.Count * mean * mean; // y is constant but for rounding: nothing is left to explain
        return total <= flat ? 1 : 1 - (x.Zip(y).Sum(point => Math.Pow(point.Second - law(point.First), 2)) / total);
    }
}
