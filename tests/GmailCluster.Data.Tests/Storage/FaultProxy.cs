using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>A plain HTTP proxy before Azurite that does to each request what its script says: lose it, lose or cut its answer, hold it, or answer itself.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ProxiedRequest, Fault> _script;
    private readonly Task _accepting;
    private int _requestCount;

    public FaultProxy(Func<ProxiedRequest, Fault> script)
    {
        _script = script;
        _listener.Start();
        _accepting = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int RequestCount => _requestCount;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task Accept()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(Serve(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException) // stopped, or about to be asked after the stop
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task Serve(TcpClient client)
    {
        using var ours = client;
        using var upstream = new TcpClient();
        try
        {
            await upstream.ConnectAsync(IPAddress.Loopback, Azurite.Shared.Port, _stop.Token);
            var (fromClient, fromServer) = (new HttpWire(client.GetStream()), new HttpWire(upstream.GetStream()));
            while (await fromClient.ReadHead(_stop.Token) is { } head && await Exchange(client, fromClient, fromServer, head))
            {
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two has gone away: so do we.
        }
    }

    private async Task<bool> Exchange(TcpClient client, HttpWire fromClient, HttpWire fromServer, string head)
    {
        var body = await fromClient.ReadBody(head, _stop.Token);
        var line = head.Split(' ', 3);
        var fault = _script(new ProxiedRequest(Interlocked.Increment(ref _requestCount), line[0], line[1]));
        if (fault.Kind is FaultKind.LoseRequest)
        {
            return Reset(client);
        }

        if (fault.Kind is FaultKind.Answer)
        {
            await fromClient.Write(Encoding.ASCII.GetBytes(line[0] == "HEAD" ? fault.Head : fault.Head + fault.Body), _stop.Token);
            return true;
        }

        await fault.Hold.WaitAsync(_stop.Token);
        await fromServer.Write((byte[])[.. Encoding.Latin1.GetBytes(head), .. body], _stop.Token);
        var answer = await fromServer.ReadHead(_stop.Token) ?? throw new IOException("Azurite closed the connection.");
        var answerBody = line[0] == "HEAD" ? [] : await fromServer.ReadBody(answer, _stop.Token);
        if (fault.Kind is FaultKind.LoseAnswer)
        {
            fault.Arrived.TrySetResult();
            return Reset(client);
        }

        var whole = (byte[])[.. Encoding.Latin1.GetBytes(answer), .. answerBody];
        if (fault.Kind is FaultKind.CutAnswer && answerBody.Length > 1)
        {
            await fromClient.Write(whole.AsMemory(0, whole.Length - (answerBody.Length / 2)), _stop.Token);
            return Reset(client);
        }

        await fromClient.Write(whole, _stop.Token);
        return true;
    }

    // RST, not FIN: what a killed peer or a full table in between looks like.
    private static bool Reset(TcpClient client)
    {
        client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Close();
        return false;
    }
}
