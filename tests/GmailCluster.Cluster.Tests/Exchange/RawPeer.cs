using System.Net;
using System.Net.Sockets;
using GmailCluster.Cluster.Exchange;
using GmailCluster.Learning.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

/// <summary>A connection to a data plane that says whatever a test wants.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private RawPeer()
    {
    }

    public NetworkStream Stream { get; private set; } = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<RawPeer> Connect(string address)
    {
        var peer = new RawPeer();
        await peer._socket.ConnectAsync(IPEndPoint.Parse(address), Token);
        peer.Stream = new NetworkStream(peer._socket);
        return peer;
    }

    /// <summary>Comes as a member of a plan, and is let in.</summary>
    public static async Task<RawPeer> Join(ExchangePlan plan, int member)
    {
        var peer = await Connect(plan.Members[member].Address);
        var answer = await Task.Run(() => new Handshake(TcpWorld.Secret).Call(peer.Stream, Hello.Of("tests", plan)), Token);
        Assert.Equal((Verdict.Accepted, true), (answer.Verdict, answer.IsProven));
        return peer;
    }

    public async Task Send(byte[] bytes)
    {
        try
        {
            await Stream.WriteAsync(bytes, Token);
        }
        catch (IOException)
        {
            // the other side has had enough
        }
    }

    /// <summary>No more will come.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Waits until the other side closes.</summary>
    public async Task Closed()
    {
        var buffer = new byte[4096];
        try
        {
            while (await Stream.ReadAsync(buffer, Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // a reset is a close, too
        }
    }

    public void Dispose()
    {
        Stream?.Dispose();
        _socket.Dispose();
    }
}
