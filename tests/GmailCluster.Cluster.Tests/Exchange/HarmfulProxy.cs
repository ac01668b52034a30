using System.Net;
using System.Net.Sockets;

namespace GmailCluster.Cluster.Tests.Exchange;

/// <summary>Passes connections on to an address, and can stop to pass anything on without closing anything.</summary>
internal sealed class HarmfulProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IPEndPoint _target;
    private readonly Task _accepting;

    public HarmfulProxy(string target)
    {
        _target = IPEndPoint.Parse(target);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = _listener.LocalEndPoint!.ToString()!;
        _accepting = Accept();
    }

    public string Address { get; }

    /// <summary>From now on nothing passes.</summary>
    public void Silence() => _silent.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
    }

    private async Task Accept()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                passing.Add(Pass(await _listener.AcceptAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task Pass(Socket caller)
    {
        using var near = caller;
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            near.NoDelay = true;
            await far.ConnectAsync(_target, _stop.Token);
            await Task.WhenAll(Pump(near, far), Pump(far, near));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // both ends are closed with this
        }
    }

    private async Task Pump(Socket from, Socket to)
    {
        var buffer = new byte[64 << 10];
        while (await from.ReceiveAsync(buffer, _stop.Token) is var count and > 0)
        {
            if (_silent.Task.IsCompleted)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token);
            }

            for (var sent = 0; sent < count;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
