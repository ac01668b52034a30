using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;

namespace GmailCluster.Learning.Tests.Exchange;

public sealed class SoloDataPlaneTests
{
    private readonly SoloDataPlane _plane = new();

    [Fact]
    public async Task One_silo_hears_itself()
    {
        var token = TestContext.Current.CancellationToken;
        await using var exchange = await _plane.Join(Plan(new ExchangeMember("a", _plane.Address, 0, 4)), token);
        var sum = new float[2];

        await exchange.AllReduce(0, 0, [new float[] { 1, 2 }], sum, token);

        Assert.Equal([1, 2], sum);
        Assert.Equal(new byte[] { 1, 2, 3, 4 }, await exchange.AllGather(0, "rows", new byte[] { 1, 2, 3, 4 }, token));
    }

    [Fact]
    public async Task Others_cannot_be_reached() =>
        Assert.Equal("b", (await Assert.ThrowsAsync<PeerLostException>(() => _plane.Join(
            Plan(new ExchangeMember("a", _plane.Address, 0, 2), new ExchangeMember("b", "b:1", 2, 2)), TestContext.Current.CancellationToken))).Silo);

    private static ExchangePlan Plan(params ExchangeMember[] members) => new(new ArtifactKey("run"), 1, 4, members, 0);
}
