using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Tests.Display;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(0, "0.0 s")]
    [InlineData(9.94, "9.9 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.4, "59 s")]
    [InlineData(59.6, "1 min 00 s")]
    [InlineData(85, "1 min 25 s")]
    [InlineData(3599.4, "59 min 59 s")]
    [InlineData(3599.6, "1 h 00 min")]
    [InlineData(7500, "2 h 05 min")]
    [InlineData(90_000_000, "25000 h 00 min")]
    public void Durations(double seconds, string text) => Assert.Equal(text, Figures.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(1234.4, "1234 images/s")]
    [InlineData(99.4, "99.4 images/s")]
    [InlineData(4.53, "4.5 images/s")]
    [InlineData(0.05, "0.050 images/s")]
    public void Rates(double rate, string text) => Assert.Equal(text, Figures.Rate(rate, "images"));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1_000, "1 kB")]
    [InlineData(5_732_082, "5.7 MB")]
    [InlineData(999_600, "1 MB")]
    [InlineData(long.MaxValue, "9223 PB")]
    public void Sizes(long bytes, string text) => Assert.Equal(text, Figures.Size(bytes));
}
