using GmailCluster.Learning.Tests.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

public sealed class TcpDataPlaneTests : DataPlaneConformance
{
    protected override Task<IDataPlaneWorld> World(int silos) => Task.FromResult<IDataPlaneWorld>(new TcpWorld(silos, (_, options) => options.JoinTimeout = TimeSpan.FromSeconds(3)));
}
