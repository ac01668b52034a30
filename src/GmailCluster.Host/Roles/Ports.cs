using System.Net;
using System.Net.Sockets;

namespace GmailCluster.Host.Roles;

/// <summary>Ports of this machine.</summary>
internal static class Ports
{
    /// <summary>A port that nobody listens on now.</summary>
    public static int Free()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
