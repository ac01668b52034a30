using System.Net.Security;
using System.Net.Sockets;
using GmailCluster.Cluster.Tls;

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

    /// <summary>Puts TLS over a socket that was accepted, if there are certificates.</summary>
    public void UseTls(RotatedCertificates? certificates)
    {
        if (certificates is not null)
        {
            var options = new SslServerAuthenticationOptions();
            certificates.Apply(options);
            OverTls().AuthenticateAsServer(options);
        }
    }

    /// <summary>Puts TLS over a socket that is connected to a host, if there are certificates.</summary>
    public void UseTls(RotatedCertificates? certificates, string host)
    {
        if (certificates is not null)
        {
            var options = new SslClientAuthenticationOptions();
            certificates.Apply(options, host);
            OverTls().AuthenticateAsClient(options);
        }
    }

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

    private SslStream OverTls() => _tls = new SslStream(Stream, leaveInnerStreamOpen: false);

    /// <summary>Ends reading and writing in other threads. TLS itself does not bear to be disposed while they are at it.</summary>
    public void Break() => socket.Dispose();

    public void Dispose()
    {
        socket.Dispose(); // first: TLS would try to say goodbye to a peer that may not listen
        _tls?.Dispose();
    }
}
