using System.Net.Sockets;

namespace GmailCluster.Cluster.Exchange;

/// <summary>A connection and what travels on it: the socket's own stream, or TLS over it.</summary>
/// <param name="socket">Owned.</param>
internal sealed class PeerConnection(Socket socket) : IDisposable
{
    public Socket Socket => socket;

    public Stream Stream { get; set; } = new NetworkStream(socket, ownsSocket: false);

    public void Dispose()
    {
        socket.Dispose(); // first: TLS would try to say goodbye to a peer that may not listen
        Stream.Dispose();
    }
}
