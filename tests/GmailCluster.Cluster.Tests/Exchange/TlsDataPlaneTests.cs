using GmailCluster.Learning.Tests.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

public sealed class TlsDataPlaneTests : DataPlaneConformance, IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    protected override Task<IDataPlaneWorld> World(int silos) => Task.FromResult<IDataPlaneWorld>(new TcpWorld(silos, (_, options) =>
    {
        options.JoinTimeout = TimeSpan.FromSeconds(3);
        _certificates.Configure(options);
    }));
}
