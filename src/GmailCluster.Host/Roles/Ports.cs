using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace GmailCluster.Host.Roles;

/// <summary>Ports of this machine.</summary>
internal static class Ports
{
    // Below those that Linux gives to outgoing connections (from 32768): none of them can take the port before it is listened on.
    private const int First = 10_000;
    private const int End = 32_000;
    private const int Tries = 100;

    /// <summary>A port that nobody listens on now.</summary>
    /// <exception cref="SocketException">None was found.</exception>
    public static int Free()
    {
        for (var tries = 1; ; tries++)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            try
            {
                using var probe = new TcpListener(IPAddress.Any, port);
                probe.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse && tries < Tries)
            {
                // The next one.
            }
        }
    }
}
