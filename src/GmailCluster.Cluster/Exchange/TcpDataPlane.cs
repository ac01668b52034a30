using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using GmailCluster.Cluster.Tls;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Training;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// A silo's data plane over TCP: one listener, and one connection to each other member of a plan, called by the later member.
/// Every connection proves itself first (<see cref="Handshake"/>), inside TLS where certificates are given.
/// </summary>
public sealed partial class TcpDataPlane : IDataPlane, IAsyncDisposable
{
    private readonly DataPlaneOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Socket _listener;
    private readonly RotatedCertificates? _certificates;
    private readonly Handshake _handshake;
    private readonly FrameBuffers _buffers = new();
    private readonly Meetings _meetings = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _serving = [];
    private readonly Dictionary<ArtifactKey, Func<TrainingState?>> _offers = [];
    private readonly Task _accepting;
    private int _handshakes;
    private bool _isDisposed;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="GmailClusterException">The port is taken, or certificates cannot be used.</exception>
    public TcpDataPlane(IOptions<DataPlaneOptions> options, ILogger<TcpDataPlane> logger, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _logger, _time) = (options.Value, logger, time);
        _handshake = new Handshake(_options.Secret);
        _certificates = _options.Tls is { } files ? new RotatedCertificates(files, logger) : null;
        var address = IPAddress.Parse(_options.ListenAddress);
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(new IPEndPoint(address, _options.Port));
            _listener.Listen(512);
        }
        catch (SocketException exception)
        {
            _listener.Dispose();
            throw new GmailClusterException(
                $"data plane, {address}:{_options.Port}", $"cannot listen: {exception.Message}",
                $"Set {DataPlaneOptions.Section}:{nameof(DataPlaneOptions.Port)} to a free port, or to 0 for any.", exception);
        }

        var host = _options.AdvertisedHost ?? _options.ListenAddress;
        Address = $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{((IPEndPoint)_listener.LocalEndPoint!).Port}";
        _accepting = Accept();
        LogListening(Address, _certificates is not null ? "TLS" : "no TLS");
    }

    /// <inheritdoc/>
    public string Address { get; }

    /// <inheritdoc/>
    public async Task<IRunExchange> Join(ExchangePlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        plan.Check();
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var ended = new PeerLostException(plan.Own.Silo, $"generation number {plan.GenerationNumber} has begun");
        if (plan.Members.Count == 1)
        {
            _meetings.Join(plan, null)?.End(ended);
            return new SoloExchange(plan);
        }

        var exchange = new TcpExchange(plan, _options, _buffers, _time, _logger);
        try
        {
            _meetings.Join(plan, exchange)?.End(ended);
        }
        catch
        {
            await exchange.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        using var calling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        var calls = Enumerable.Range(0, plan.Self).Select(member => Call(exchange, member, calling.Token)).ToArray();
        try
        {
            await exchange.Connected.WaitAsync(_options.JoinTimeout, _time, calling.Token).ConfigureAwait(false);
            return exchange;
        }
        catch (TimeoutException)
        {
            if (exchange.Missing() is { } missing)
            {
                exchange.Lose(missing, $"it did not join generation number {plan.GenerationNumber} within {_options.JoinTimeout.TotalSeconds} s", null);
            }

            await exchange.Connected.ConfigureAwait(false); // throws what ended it
            return exchange;
        }
        catch (OperationCanceledException)
        {
            exchange.End(new PeerLostException(plan.Own.Silo, "it has given up to join"));
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            throw;
        }
        finally
        {
            await calling.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(calls).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public IDisposable Offer(ArtifactKey run, Func<TrainingState?> state)
    {
        lock (_lock)
        {
            _offers[run] = state;
        }

        return new Offering(this, run, state);
    }

    /// <inheritdoc/>
    public async Task<TrainingState?> Fetch(string address, ArtifactKey run, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        using var span = Spans.Exchange.Start("state")?.WithRun(run);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        using var silence = new CancellationTokenSource(_options.JoinTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, silence.Token);
        try
        {
            var (connection, answer) = await Open(address, Hello.ToFetch(_options.ClusterId, run), either.Token).ConfigureAwait(false);
            using (connection)
            {
                Require(answer);
                using var stream = new StateStream(connection.Stream, count =>
                {
                    Traffic.StateReceived(count);
                    silence.CancelAfter(_options.HeartbeatTimeout);
                });
                return await stream.Read(_options.MaxStateBytes, either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException exception) when (!limit.IsCancellationRequested)
        {
            throw new PeerLostException(address, "it went silent while it sent its state", exception);
        }
        catch (Exception exception) when (IsConnectionFailure(exception))
        {
            throw new PeerLostException(address, $"its state is not to be had: {exception.Message}", exception);
        }
    }

    /// <summary>Stops to listen, and ends all exchanges.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] serving;
        lock (_lock)
        {
            _isDisposed = true;
            serving = [.. _serving];
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(serving).ConfigureAwait(false);
        foreach (var exchange in _meetings.TakeAll())
        {
            await exchange.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task Call(TcpExchange exchange, int member, CancellationToken cancellationToken)
    {
        var plan = exchange.Plan;
        var (silo, address) = (plan.Members[member].Silo, plan.Members[member].Address);
        try
        {
            var (connection, answer) = await Open(address, Hello.Of(_options.ClusterId, plan), cancellationToken).ConfigureAwait(false);
            try
            {
                Require(answer);
                exchange.Attach(member, connection);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
        catch (OperationCanceledException)
        {
            // Join says why
        }
        catch (Exception exception) when (IsConnectionFailure(exception))
        {
            exchange.Lose(member, $"{address} cannot be joined: {exception.Message}", exception);
        }
        catch (Exception exception)
        {
            exchange.End(exception);
        }
    }

    private async Task<(PeerConnection Connection, Answer Answer)> Open(string address, Hello hello, CancellationToken cancellationToken)
    {
        var (host, port) = Split(address);
        var isAddress = IPAddress.TryParse(host, out var ip);
        var socket = isAddress ? new Socket(ip!.AddressFamily, SocketType.Stream, ProtocolType.Tcp) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        var connection = new PeerConnection(socket);
        try
        {
            var answer = await connection.Block(
                () =>
                {
                    socket.NoDelay = true;
                    socket.Connect(isAddress ? new IPEndPoint(ip!, port) : new DnsEndPoint(host, port));
                    connection.UseTls(_certificates, host);
                    return _handshake.Call(connection.Stream, hello);
                },
                cancellationToken).ConfigureAwait(false);
            return (connection, answer);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static (string Host, int Port) Split(string address)
    {
        var colon = address.LastIndexOf(':');
        return colon > 0 && int.TryParse(address.AsSpan(colon + 1), out var port) && port is > 0 and <= ushort.MaxValue
            ? (address[..colon].Trim('[', ']'), port)
            : throw new ProtocolException($"\"{address}\" is no address of the form host:port");
    }

    private static void Require(Answer answer)
    {
        var said = answer.Verdict switch
        {
            Verdict.Accepted => null,
            Verdict.ForeignCluster => "it belongs to another cluster",
            Verdict.WrongSecret => "it has another cluster secret",
            Verdict.OldGenerationNumber => $"it has joined or ended generation number {answer.Newest}",
            Verdict.OtherPlan => "it has another plan under this generation number",
            Verdict.NotJoined => "it did not join the plan in time",
            var other => $"it answered {(byte)other}",
        };
        if (said is not null || !answer.IsProven)
        {
            throw new ProtocolException(said ?? "it does not know the cluster secret");
        }
    }

    private static bool IsConnectionFailure(Exception exception) =>
        exception is IOException or SocketException or ProtocolException or AuthenticationException or ObjectDisposedException;

    private async Task Accept()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                var serving = Serve(new PeerConnection(socket));
                lock (_lock)
                {
                    _serving.Add(serving);
                }

                _ = serving.ContinueWith(Served, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                LogNotAccepted(exception.Message); // a caller that has gone again, or too many open files: others may still come
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time).ConfigureAwait(false);
            }
        }
    }

    private void Served(Task serving)
    {
        lock (_lock)
        {
            _serving.Remove(serving);
        }
    }

    private async Task Serve(PeerConnection connection)
    {
        await Task.Yield();
        var from = "?";
        try
        {
            from = connection.Socket.RemoteEndPoint?.ToString() ?? from;
            connection.Socket.NoDelay = true;
            var (caller, verdict) = await Introduce(connection).ConfigureAwait(false);
            if (caller is null)
            {
                Refuse(from, verdict);
                Handshake.Refuse(connection.Stream, verdict);
            }
            else if (caller.Hello.IsFetch)
            {
                await SendState(connection, caller).ConfigureAwait(false);
            }
            else if (await LetIn(connection, caller, from).ConfigureAwait(false))
            {
                return; // the exchange's from here
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException || IsConnectionFailure(exception))
        {
            LogGone(from, exception.Message);
        }
        catch (Exception exception)
        {
            LogFailed(exception, from);
        }

        connection.Dispose();
    }

    private async Task<(Caller? Caller, Verdict Verdict)> Introduce(PeerConnection connection)
    {
        try
        {
            if (Interlocked.Increment(ref _handshakes) > _options.MaxHandshakes)
            {
                return (null, Verdict.Busy);
            }

            using var late = new CancellationTokenSource(_options.HandshakeTimeout, _time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _stop.Token);
            try
            {
                return await connection.Block(
                    () =>
                    {
                        connection.UseTls(_certificates);
                        return _handshake.Listen(connection.Stream, _options.ClusterId);
                    },
                    limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (late.IsCancellationRequested)
            {
                return (null, Verdict.Busy);
            }
            catch (AuthenticationException)
            {
                return (null, Verdict.Garbage);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _handshakes);
        }
    }

    private async Task<bool> LetIn(PeerConnection connection, Caller caller, string from)
    {
        var hello = caller.Hello;
        var (exchange, verdict, newest) = await _meetings.Find(hello, _options.JoinTimeout, _time, _stop.Token).ConfigureAwait(false);
        if (exchange is null)
        {
            Refuse(from, verdict);
        }

        try
        {
            caller.Answer(verdict, newest); // some bytes on an idle connection: they do not block
        }
        catch (Exception exception) when (IsConnectionFailure(exception))
        {
            exchange?.Lose(hello.Member, "it did not wait for the answer", exception);
            throw;
        }

        if (exchange is null)
        {
            return false;
        }

        exchange.Attach(hello.Member, connection);
        return true;
    }

    private async Task SendState(PeerConnection connection, Caller caller)
    {
        Func<TrainingState?>? source;
        lock (_lock)
        {
            source = _offers.GetValueOrDefault(caller.Hello.Run);
        }

        using var silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, _stop.Token);
        caller.Answer(Verdict.Accepted, 0);
        using var stream = new StateStream(connection.Stream, count =>
        {
            Traffic.StateSent(count);
            silence.CancelAfter(_options.HeartbeatTimeout);
        });
        await stream.Write(source?.Invoke(), limit.Token).ConfigureAwait(false);
        connection.Socket.Shutdown(SocketShutdown.Send);
        await connection.Stream.ReadAsync(new byte[1], limit.Token).ConfigureAwait(false); // closed by the peer when it has all
    }

    private void Refuse(string from, Verdict verdict)
    {
        var reason = verdict switch
        {
            Verdict.ForeignCluster => "foreign_cluster",
            Verdict.WrongSecret => "wrong_secret",
            Verdict.OldGenerationNumber => "generation_number",
            Verdict.OtherPlan => "other_plan",
            Verdict.NotJoined => "not_joined",
            Verdict.Busy => "busy",
            _ => "garbage",
        };
        Metrics.ExchangeRefusals.Add(1, KeyValuePair.Create<string, object?>(Attributes.Reason, reason));
        LogRefused(from, reason);
    }

    private sealed class Offering(TcpDataPlane plane, ArtifactKey run, Func<TrainingState?> state) : IDisposable
    {
        public void Dispose()
        {
            lock (plane._lock)
            {
                if (plane._offers.GetValueOrDefault(run) == state)
                {
                    plane._offers.Remove(run);
                }
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "The data plane listens at {Address} with {Protection}.")]
    private partial void LogListening(string address, string protection);

    [LoggerMessage(LogLevel.Warning, "Refused a connection from {From}: {Reason}.")]
    private partial void LogRefused(string from, string reason);

    [LoggerMessage(LogLevel.Debug, "A connection from {From} ended before it came to anything: {Problem}")]
    private partial void LogGone(string from, string problem);

    [LoggerMessage(LogLevel.Error, "A connection from {From} failed and is closed; others are not touched.")]
    private partial void LogFailed(Exception exception, string from);

    [LoggerMessage(LogLevel.Warning, "A connection was not accepted: {Problem}")]
    private partial void LogNotAccepted(string problem);
}
