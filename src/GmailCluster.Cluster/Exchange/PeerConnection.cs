using System.Net.Security;
using System.Net.Sockets;

namespace GmailCluster.Cluster.Exchange;

/// <summary>A connection and what travels on it: the socket's own stream, or TLS over it.</summary>
/// <param name="socket">Owned.</param>
internal sealed class PeerConnection(Socket socket) : IDisposable
{
    private SslStream? _tls;
    private NetworkStream? _plain;

    public Socket Socket => socket;

    /// <summary>What to read and write, once the socket is connected.</summary>
    public Stream Stream => _tls ?? (Stream)(_plain ??= new NetworkStream(socket, ownsSocket: false));

    /// <summary>Puts TLS over the socket; its handshake is still to come.</summary>
    public SslStream UseTls() => _tls = new SslStream(Stream, leaveInnerStreamOpen: false);

    /// <summary>
    /// Runs blocking work on a thread of its own. A connection that is used asynchronously even once is watched by the runtime's
    /// event thread ever after, which costs a change of thread for every segment that comes.
    /// </summary>
    /// <param name="work">The work; it fails with whatever a disposed socket gives when it is cancelled.</param>
    /// <param name="cancellationToken">Disposes the connection.</param>
    public async Task<T> Block<T>(Func<T> work, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(_ => socket.Dispose(), null);
        try
        {
            return await Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    public void Dispose()
    {
        socket.Dispose(); // first: TLS would try to say goodbye to a peer that may not listen
        _tls?.Dispose();
    }
}
