using CsCheck;
using GmailCluster.Randomness;
using GmailCluster.Reporting.Scaling;

namespace GmailCluster.Reporting.Tests.Scaling;

public class PowerLawTests
{
    [Fact]
    public void An_exact_law_is_found() => Gen.Select(Gen.Double[0.1, 50], Gen.Double[-1.5, 1.5]).Sample((factor, exponent) =>
    {
        double[] x = [0.125, 0.25, 0.5, 1, 2];

        var law = PowerLaw.Fit(x, [.. x.Select(value => factor * Math.Pow(value, exponent))])!;

        Assert.Equal(factor, law.Factor, 1e-9 * factor);
        Assert.Equal(exponent, law.Exponent, 1e-9);
        Assert.Equal(1, law.RSquared, 1e-3); // an exponent near 0 leaves little variance but rounding
        Assert.Equal(0, law.ExponentMargin!.Value, 1e-6);
        Assert.Equal(law.At(0.3), law.BandAt(0.3)!.Value.Low, 1e-6 * law.At(0.3));
    });

    [Fact]
    public void The_band_holds_the_true_exponent_about_as_often_as_it_says()
    {
        double[] x = [.. Enumerable.Range(0, 4).SelectMany(i => Enumerable.Repeat(Math.Pow(2, i), 3))];
        var held = 0;
        for (var trial = 0; trial < 400; trial++)
        {
            var random = CounterRandom.For((ulong)trial, "law");
            var noise = new float[x.Length];
            random.FillNormal(noise);
            var law = PowerLaw.Fit(x, [.. x.Select((value, i) => 20 * Math.Pow(value, 0.2) * Math.Exp(0.05 * noise[i]))])!;
            held += Math.Abs(law.Exponent - 0.2) <= law.ExponentMargin ? 1 : 0;
        }

        Assert.InRange(held / 400.0, 0.92, 0.98);
    }

    [Fact]
    public void An_offset_is_found()
    {
        double[] x = [1, 2, 4, 8, 16, 32];

        var law = PowerLaw.FitWithOffset(x, [.. x.Select(value => (-30 * Math.Pow(value, -0.5)) + 100)])!;

        Assert.Equal(-0.5, law.Exponent, 1e-6);
        Assert.Equal(100, law.Offset, 1e-4);
        Assert.Equal(-30, law.Factor, 1e-4);
        Assert.Null(law.BandAt(2));
    }

    [Fact]
    public void Too_few_points_give_no_law()
    {
        Assert.Null(PowerLaw.Fit([1, 2], [3, 4]));
        Assert.Null(PowerLaw.Fit([1, 1, 1, 2, 2, 2], [3, 4, 3, 4, 3, 4]));
        Assert.Null(PowerLaw.Fit([1, 2, 4], [3, 0, 4]));
        Assert.Null(PowerLaw.Fit([0, 2, 4], [3, 1, 4]));
        Assert.Null(PowerLaw.FitWithOffset([1, 2, 4], [3, 1, 4]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([1, 2, 3], [1, 2]));
    }
}
