using GmailCluster.Specs;

namespace GmailCluster.Tests.Specs;

public sealed class SpecWordsTests
{
    [Fact]
    public void Every_word_reads_back_as_its_value()
    {
        Assert.All(Enum.GetValues<Arm>(), arm => Assert.Equal(arm, SpecWords.Parse<Arm>(SpecWords.Of(arm))));
        Assert.All(Enum.GetValues<DatasetFormat>(), format => Assert.Equal(format, SpecWords.Parse<DatasetFormat>(SpecWords.Of(format))));
    }

    [Fact]
    public void Arms_are_written_as_in_the_paper() =>
        Assert.Equal("real naive mixed gmail gmail+real", string.Join(' ', Enum.GetValues<Arm>().Select(arm => SpecWords.Of(arm))));

    [Fact]
    public void An_unknown_word_is_no_value() => Assert.Null(SpecWords.Parse<Arm>("GmailReal"));
}
