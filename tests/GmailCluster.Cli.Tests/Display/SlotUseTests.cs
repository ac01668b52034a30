using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Tests.Display;

public sealed class SlotUseTests
{
    [Theory]
    [InlineData(2, 184, 100, "Compute slots were busy 92 % of the time (2 slots).")]
    [InlineData(1, 40, 80, "Compute slots were busy 50 % of the time (1 slot).")]
    [InlineData(4, 0.001, 100, "Compute slots were busy 0 % of the time (4 slots).")]
    public void The_share_is_of_all_slots_and_the_whole_time(int slots, double busy, double elapsed, string line) =>
        Assert.Equal(line, SlotUse.Line(slots, TimeSpan.FromSeconds(busy), TimeSpan.FromSeconds(elapsed)));

    [Fact]
    public void Nothing_is_said_when_nothing_was_computed() =>
        Assert.Null(SlotUse.Line(2, TimeSpan.Zero, TimeSpan.FromSeconds(1)));
}
