using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using GmailCluster.Cluster.Exchange;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Tests.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

public sealed class TlsDataPlaneTests : DataPlaneConformance, IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_rotated_certificate_is_used_by_the_next_connection()
    {
        using var authority = TestCertificates.Authority();
        _certificates.Issue(authority);
        await using var plane = TcpWorld.Plane(_certificates.Configure);
        var before = (_certificates.SerialNumber, Shown: await Shown(plane.Address));

        _certificates.Issue(authority);
        var after = (_certificates.SerialNumber, Shown: await Shown(plane.Address));
        File.WriteAllText(_certificates.Certificate, "half written");
        var damaged = await Shown(plane.Address);

        Assert.Equal(before.SerialNumber, before.Shown);
        Assert.Equal(after.SerialNumber, after.Shown);
        Assert.NotEqual(before.Shown, after.Shown);
        Assert.Equal(after.Shown, damaged); // the former one serves until files fit together
    }

    [Fact]
    public async Task Silos_of_different_authorities_do_not_meet()
    {
        using var others = new TestCertificates();
        await using var world = new TcpWorld(2, (silo, options) =>
        {
            options.JoinTimeout = TimeSpan.FromSeconds(0.5);
            (silo == 0 ? _certificates : others).Configure(options);
        });

        await Assert.ThrowsAsync<PeerLostException>(() => ((IDataPlaneWorld)world).Join([1, 1]));
    }

    [Fact]
    public async Task A_silo_without_TLS_does_not_meet_one_with_it()
    {
        await using var world = new TcpWorld(2, (silo, options) =>
        {
            options.JoinTimeout = TimeSpan.FromSeconds(0.5);
            if (silo == 0)
            {
                _certificates.Configure(options);
            }
        });

        await Assert.ThrowsAsync<PeerLostException>(() => ((IDataPlaneWorld)world).Join([1, 1]));
        Assert.Equal(1, world.Logged(": garbage."));
    }

    private async Task<string> Shown(string address)
    {
        var options = new DataPlaneOptions();
        _certificates.Configure(options);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(address), Token);
        var serialNumber = "";
        await using var stream = new SslStream(new NetworkStream(socket), false, (_, certificate, _, _) =>
        {
            serialNumber = certificate!.GetSerialNumberString();
            return serialNumber.Length > 0; // looked at, not trusted
        });
        try
        {
            await stream.AuthenticateAsClientAsync("127.0.0.1");
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException)
        {
            // it asks for a certificate of ours
        }

        return serialNumber;
    }

    protected override Task<IDataPlaneWorld> World(int silos) => Task.FromResult<IDataPlaneWorld>(new TcpWorld(silos, (_, options) =>
    {
        options.JoinTimeout = TimeSpan.FromSeconds(3);
        _certificates.Configure(options);
    }));
}
