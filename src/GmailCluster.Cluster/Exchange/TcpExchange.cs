using System.Text;
using GmailCluster.Learning.Exchange;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Exchange;

/// <summary>A plan's exchange over one connection to each of the other members.</summary>
internal sealed partial class TcpExchange : IRunExchange
{
    // What members may keep of calls that this silo has not begun: some calls of a step ahead, each below the eager limit.
    private const int MaxEarlyBytes = 64 << 20;

    private static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan NoticeLimit = TimeSpan.FromMilliseconds(50);

    private readonly DataPlaneOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FrameBuffers _buffers;
    private readonly ReduceLayout _layout;
    private readonly ulong _tag;
    private readonly PeerLink?[] _links;
    private readonly int[] _earlyBytes;
    private readonly Lock _lock = new();
    private readonly Dictionary<CallKey, ExchangeCall> _calls = [];
    private readonly Dictionary<CallKey, List<(int Member, FrameHeader Header, byte[] Buffer)>> _early = [];
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _beating;
    private (int Lost, int By)? _notice;
    private Exception? _end;

    public TcpExchange(ExchangePlan plan, DataPlaneOptions options, FrameBuffers buffers, TimeProvider time, ILogger logger)
    {
        (Plan, _options, _buffers, _time, _logger) = (plan, options, buffers, time, logger);
        _layout = new ReduceLayout(plan);
        _tag = FrameHeader.RunTag(plan.Run);
        _links = new PeerLink?[plan.Members.Count];
        _earlyBytes = new int[plan.Members.Count];
        _beating = Beat();
    }

    public ExchangePlan Plan { get; }

    /// <summary>Completes when all members are connected, or fails with the exchange.</summary>
    public Task Connected => _connected.Task;

    /// <summary>Completes when the exchange has ended and touches nothing any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether a member's connection may come: it is one of the others', and the first of it.</summary>
    public bool Awaits(int member)
    {
        lock (_lock)
        {
            return _end is null && (uint)member < (uint)_links.Length && member != Plan.Self && _links[member] is null;
        }
    }

    /// <summary>The first member that is not connected; null if all are.</summary>
    public int? Missing()
    {
        lock (_lock)
        {
            return Enumerable.Range(0, _links.Length).Cast<int?>().FirstOrDefault(i => i != Plan.Self && _links[i!.Value] is null);
        }
    }

    /// <summary>Takes over a member's connection, whose two ends have proved themselves.</summary>
    public void Attach(int member, PeerConnection connection)
    {
        lock (_lock)
        {
            if (_end is null && _links[member] is null)
            {
                var link = new PeerLink(this, member, connection, _buffers, _time);
                _links[member] = link;
                link.Start();
                if (_links.Count(l => l is not null) == _links.Length - 1)
                {
                    _connected.TrySetResult();
                }

                return;
            }
        }

        connection.Dispose();
    }

    public async Task<byte[]> AllGather(int step, string name, ReadOnlyMemory<byte> own, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var call = new GatherCall(new CallKey(false, step, name, 0), own, Plan, _links);
        await Run(call, "all_gather", cancellationToken).ConfigureAwait(false);
        return call.Gathered;
    }

    public Task AllReduce(int step, int bucket, IReadOnlyList<Memory<float>> partials, Memory<float> sum, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partials);
        ArgumentOutOfRangeException.ThrowIfNegative(bucket);
        return Run(new ReduceCall(new CallKey(true, step, "", bucket), partials, sum, _layout, _buffers, Plan, _links), "all_reduce", cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        PeerLink[] links;
        lock (_lock)
        {
            links = _end is null ? [.. _links.OfType<PeerLink>()] : [];
            _end ??= new ObjectDisposedException(nameof(IRunExchange));
        }

        foreach (var link in links)
        {
            link.Leave(FrameType.Leave);
        }

        if (links.Length > 0)
        {
            // What was sent must not be lost to a reset: the peers close first, if they can.
            await Task.WhenAny(Task.WhenAll(links.Select(link => link.Received)), Task.Delay(GoodbyeLimit, _time)).ConfigureAwait(false);
        }

        await Finish().ConfigureAwait(false);
    }

    /// <summary>A member is gone.</summary>
    public void Lose(int member, string reason, Exception? cause)
    {
        var silo = Plan.Members[member].Silo;
        if (End(new PeerLostException(silo, reason, cause), (member, Plan.Self)))
        {
            LogLost(silo, reason, Plan.Run.Value, Plan.GenerationNumber);
        }
    }

    /// <summary>A member tells whom it has lost. It closes its connections, but is not gone itself.</summary>
    public void HasLost(int member, in FrameHeader header)
    {
        var (lost, by) = (header.Sequence, (int)header.Part);
        if (lost >= Plan.Members.Count || by >= Plan.Members.Count || by == Plan.Self)
        {
            throw new ProtocolException($"a loss of nobody: {header}");
        }

        if (lost == Plan.Self)
        {
            Lose(by, "it has given this silo up", null);
            return;
        }

        var (silo, teller) = (Plan.Members[lost].Silo, Plan.Members[by].Silo);
        if (End(new PeerLostException(silo, $"{teller} has lost it") { By = teller }, (lost, by)))
        {
            LogLost(silo, $"{teller} has lost it", Plan.Run.Value, Plan.GenerationNumber);
        }
    }

    /// <summary>A member sent what is not believed.</summary>
    public void Refuse(int member, ProtocolException exception)
    {
        Metrics.ExchangeRefusals.Add(1, KeyValuePair.Create<string, object?>(Attributes.Reason, exception.Reason));
        Lose(member, $"it sent {exception.Message}", exception);
    }

    /// <summary>Ends all calls, present and future.</summary>
    /// <param name="reason">What they end with.</param>
    /// <param name="notice">What to tell the others: who is lost, and by whom.</param>
    /// <returns>Whether this is what ended it.</returns>
    public bool End(Exception reason, (int Lost, int By)? notice = null)
    {
        lock (_lock)
        {
            if (_end is not null)
            {
                return false;
            }

            _end = reason;
            _notice = notice;
        }

        _ = Finish();
        return true;
    }

    /// <summary>A member has left: calls that miss something of it cannot be done.</summary>
    public void HasLeft(int member)
    {
        bool isMissed;
        lock (_lock)
        {
            isMissed = _calls.Values.Any(call => call.IsLive && call.Misses(member));
        }

        if (isMissed)
        {
            End(new PeerLostException(Plan.Members[member].Silo, "has left"));
        }
    }

    /// <summary>Refuses a head before anything is made of it.</summary>
    public void Check(in FrameHeader header)
    {
        if (header.GenerationNumber != Plan.GenerationNumber || header.Run != _tag)
        {
            throw new ProtocolException("a frame of another plan", "generation_number");
        }

        if (header.Length < header.NameLength || header.Length > FrameHeader.MaxLength
            || header.Type is < FrameType.Heartbeat or > FrameType.Lost || header.Step < 0 || header.Sequence < 0 || header.Bucket < 0
            || (header.Type is <= FrameType.Ready or FrameType.Lost && header.Length != header.NameLength)
            || (header.NameLength > 0 && header.Type is not (FrameType.Rows or FrameType.Ready))
            || (header.Bucket > 0 && header.Type is not (FrameType.Partial or FrameType.Sum or FrameType.Ready)))
        {
            throw new ProtocolException($"garbage: {header}");
        }
    }

    /// <summary>Where a frame's payload may be read to at once; empty if it goes by way of the buffer.</summary>
    /// <param name="member">The sender.</param>
    /// <param name="header">The frame's head.</param>
    /// <param name="buffer">The frame up to the end of its name.</param>
    public Span<byte> Place(int member, in FrameHeader header, byte[] buffer)
    {
        lock (_lock)
        {
            return _end is null && _calls.TryGetValue(KeyOf(header, buffer), out var call) && call.IsLive ? call.Place(member, header) : default;
        }
    }

    /// <summary>Brings a frame to its call; true if the buffer is kept.</summary>
    public bool Receive(int member, in FrameHeader header, byte[] buffer, bool isPlaced)
    {
        var key = KeyOf(header, buffer);
        ExchangeCall? call;
        lock (_lock)
        {
            if (_end is not null)
            {
                return false;
            }

            if (!_calls.TryGetValue(key, out call) || !call.IsLive)
            {
                return Keep(member, key, header, buffer);
            }
        }

        return call.Receive(member, header, buffer, isPlaced);
    }

    /// <summary>Prepares a frame.</summary>
    /// <returns>Its length in the buffer; the rest is in place.</returns>
    public int Stage(in Outgoing frame, int member, byte[] buffer, out ReadOnlySpan<byte> inPlace)
    {
        inPlace = default;
        var header = new FrameHeader(0, frame.Type, 0, 0, Plan.GenerationNumber, _tag, 0, 0, 0, 0);
        if (frame.Type == FrameType.Lost)
        {
            header = header with { Sequence = _notice!.Value.Lost, Part = (ushort)_notice.Value.By };
        }
        else if (frame.Call is { } call)
        {
            var name = call.NameBytes;
            name.CopyTo(buffer.AsSpan(FrameHeader.Size));
            var (part, sequence, length) = frame.Type == FrameType.Ready
                ? (call.Key.IsSum ? 1 : 0, 0, 0)
                : call.Stage(frame.Type, member, frame.Next, buffer.AsSpan(FrameHeader.Size + name.Length), out inPlace);
            header = header with
            {
                Length = name.Length + length + inPlace.Length, NameLength = (byte)name.Length, Part = (ushort)part, Step = call.Key.Step, Bucket = call.Key.Bucket, Sequence = sequence, Total = call.Total,
            };
        }

        header.Write(buffer);
        return FrameHeader.Size + header.Length - inPlace.Length;
    }

    private static CallKey KeyOf(in FrameHeader header, byte[] buffer) => new(
        header.Type is FrameType.Partial or FrameType.Sum || (header.Type == FrameType.Ready && header.Part == 1), header.Step,
        header.NameLength == 0 ? "" : Encoding.UTF8.GetString(buffer.AsSpan(FrameHeader.Size, header.NameLength)), header.Bucket);

    // Small frames are copied out of their buffer: many of them may be waiting.
    private bool Keep(int member, CallKey key, in FrameHeader header, byte[] buffer)
    {
        const int CopiedBytes = 16 << 10;
        if ((_earlyBytes[member] += 256 + header.Length) > MaxEarlyBytes)
        {
            throw new ProtocolException($"more than {MaxEarlyBytes} bytes that nobody has asked for");
        }

        if (!_early.TryGetValue(key, out var frames))
        {
            _early.Add(key, frames = []);
        }

        var isCopied = header.Length <= CopiedBytes;
        frames.Add((member, header, isCopied ? buffer[..(FrameHeader.Size + header.Length)] : buffer));
        return !isCopied;
    }

    private async Task Run(ExchangeCall call, string kind, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var start = _time.GetTimestamp();
        using var span = Spans.Exchange.Start(kind)?.WithRun(Plan.Run).WithGenerationNumber(Plan.GenerationNumber).WithStep(call.Key.Step)
            .With(Attributes.Bucket, call.Key.IsSum ? call.Key.Bucket : null);
        using var cancelling = cancellationToken.UnsafeRegister(_ => End(new PeerLostException(Plan.Own.Silo, "has given up a call")), null);
        try
        {
            Begin(call);
            await call.Done.ConfigureAwait(false);
            Metrics.ExchangeDuration.Record(_time.GetElapsedTime(start).TotalSeconds, KeyValuePair.Create<string, object?>(Attributes.Collective, kind));
        }
        catch (Exception exception)
        {
            span.Fail(exception);
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
        finally
        {
            lock (_lock)
            {
                if (_calls.GetValueOrDefault(call.Key) == call)
                {
                    _calls.Remove(call.Key);
                }
            }
        }
    }

    private void Begin(ExchangeCall call)
    {
        lock (_lock)
        {
            switch (_end)
            {
                case PeerLostException lost:
                    throw new PeerLostException(lost.Silo, "it was lost before", lost) { By = lost.By };
                case { } other:
                    throw new ObjectDisposedException(nameof(IRunExchange), other);
            }

            if (!_calls.TryAdd(call.Key, call))
            {
                throw new InvalidOperationException($"{call.Key} is under way already.");
            }
        }

        Replay(call);
        call.Start();
        for (var member = 0; member < _links.Length; member++)
        {
            if (_links[member] is { HasLeft: true } && call.Misses(member))
            {
                End(new PeerLostException(Plan.Members[member].Silo, "has left"));
            }
        }
    }

    // Frames that came before the call are taken before those that come now: a member's pieces have an order.
    private void Replay(ExchangeCall call)
    {
        while (true)
        {
            List<(int Member, FrameHeader Header, byte[] Buffer)>? frames;
            lock (_lock)
            {
                if (!_early.Remove(call.Key, out frames))
                {
                    call.IsLive = true;
                    return;
                }

                foreach (var (member, header, _) in frames)
                {
                    _earlyBytes[member] -= 256 + header.Length;
                }
            }

            foreach (var (member, header, buffer) in frames)
            {
                try
                {
                    if (!call.Receive(member, header, buffer, isPlaced: false))
                    {
                        _buffers.Return(buffer);
                    }
                }
                catch (ProtocolException exception)
                {
                    Refuse(member, exception);
                    return;
                }
            }
        }
    }

    private async Task Beat()
    {
        using var timer = new PeriodicTimer(_options.HeartbeatInterval, _time);
        var before = _time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                // If this process slept, the others may well have spoken.
                var late = _time.GetElapsedTime(before) > _options.HeartbeatInterval + (_options.HeartbeatTimeout / 2);
                before = _time.GetTimestamp();
                foreach (var link in _links)
                {
                    if (late)
                    {
                        link?.Forgive();
                    }

                    if (link?.Beat(_options.HeartbeatInterval, _options.HeartbeatTimeout) is { } reason)
                    {
                        Lose(link.Member, reason, null);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // the exchange has ended
        }
    }

    // Calls end only when no link touches their buffers any more.
    private async Task Finish()
    {
        PeerLink[] links;
        lock (_lock)
        {
            links = [.. _links.OfType<PeerLink>()];
        }

        if (_notice is { } notice)
        {
            // Else the others would see this silo close, and take it for the one that is gone. They close when they have heard; a close
            // of this side before that could overtake what it said.
            var others = links.Where(link => link.Member != notice.Lost).ToArray();
            foreach (var link in others)
            {
                link.Leave(FrameType.Lost);
            }

            await Task.WhenAny(Task.WhenAll(others.Select(link => link.Received)), Task.Delay(NoticeLimit, _time)).ConfigureAwait(false);
        }

        await Task.WhenAll(links.Select(link => link.Close())).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        ExchangeCall[] calls;
        lock (_lock)
        {
            calls = [.. _calls.Values];
            _early.Clear();
        }

        foreach (var call in calls)
        {
            call.Fail(_end!);
        }

        if (_connected.TrySetException(_end!))
        {
            _ = _connected.Task.Exception; // whoever joins looks; an arrival does not
        }

        await _beating.ConfigureAwait(false);
        _ended.TrySetResult();
    }

    [LoggerMessage(LogLevel.Warning, "Lost {Silo}: {Reason}. Run {Run} needs a plan after generation number {GenerationNumber}.")]
    private partial void LogLost(string silo, string reason, string run, long generationNumber);
}
