using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// The connection to one member of a plan. Whoever has a frame to send writes it, and goes on writing what others bring meanwhile:
/// a small frame leaves without a change of thread. A frame is staged in one buffer and leaves in one write.
/// </summary>
internal sealed class PeerLink
{
    private readonly TcpExchange _exchange;
    private readonly PeerConnection _connection;
    private readonly FrameBuffers _buffers;
    private readonly byte[] _staging;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Queue<Outgoing> _urgent = new();
    private readonly Queue<Outgoing> _bulk = new();
    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _receiving = Task.CompletedTask;
    private volatile bool _hasLeft;
    private bool _isSending;
    private bool _isClosed;
    private bool _isLeaving;
    private long _heard;
    private long _wrote;
    private long _writingSince;

    public PeerLink(TcpExchange exchange, int member, PeerConnection connection, FrameBuffers buffers, TimeProvider time)
    {
        (_exchange, Member, _connection, _buffers, _time) = (exchange, member, connection, buffers, time);
        _staging = buffers.Rent();
        _heard = _wrote = time.GetTimestamp();
    }

    public int Member { get; }

    /// <summary>The peer has left in good order.</summary>
    public bool HasLeft => _hasLeft;

    /// <summary>Completes when nothing is received or sent any more, and so nothing touches a call's buffers.</summary>
    public Task Stopped => Task.WhenAll(_receiving, _sent.Task);

    /// <summary>Completes when the peer has closed its side.</summary>
    public Task Received => _receiving;

    public void Start() => _receiving = Receive();

    /// <summary>Brings frames on their way. What a member that has left would not read counts as sent.</summary>
    public void Send(Outgoing frames)
    {
        bool isDropped, isFirst;
        lock (_lock)
        {
            isDropped = _isClosed || _isLeaving;
            if (!isDropped)
            {
                (frames.Type is FrameType.Partial or FrameType.Rows ? _bulk : _urgent).Enqueue(frames);
            }

            isFirst = !isDropped && !_isSending;
            _isSending |= isFirst;
        }

        if (isDropped && _hasLeft)
        {
            frames.Skip();
        }
        else if (isFirst)
        {
            _ = Drain(); // ends without an exception; Stopped waits for it
        }
    }

    /// <summary>Says goodbye after the frame that is being written, and nothing after it.</summary>
    /// <param name="goodbye"><see cref="FrameType.Leave"/>, or <see cref="FrameType.Lost"/> with the reason for it.</param>
    public void Leave(FrameType goodbye)
    {
        Outgoing[] dropped;
        bool isFirst;
        lock (_lock)
        {
            if (_isClosed || _isLeaving)
            {
                return;
            }

            _isLeaving = true;
            dropped = TakeAll();
            _urgent.Enqueue(new Outgoing(goodbye, null, 0, 1));
            isFirst = !_isSending;
            _isSending = true;
        }

        if (isFirst)
        {
            _ = Drain();
        }

        SkipIfLeft(dropped);
    }

    /// <summary>Ends the connection at once.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (!_isSending)
            {
                _sent.TrySetResult();
            }
        }

        _connection.Dispose();
    }

    /// <summary>Gives a sign of life if nothing else did.</summary>
    /// <returns>Why the peer is to be given up, if it is.</returns>
    public string? Beat(TimeSpan interval, TimeSpan timeout)
    {
        if (_hasLeft)
        {
            return null;
        }

        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(Volatile.Read(ref _heard), now) is var silence && silence > timeout)
        {
            return FormattableString.Invariant($"nothing heard for {silence.TotalSeconds:0.0} s");
        }

        if (Volatile.Read(ref _writingSince) is var since and not 0)
        {
            return _time.GetElapsedTime(since, now) is var stuck && stuck > timeout
                ? FormattableString.Invariant($"it has read nothing for {stuck.TotalSeconds:0.0} s")
                : null;
        }

        if (_time.GetElapsedTime(Volatile.Read(ref _wrote), now) >= interval * 0.9)
        {
            Send(new Outgoing(FrameType.Heartbeat, null, 0, 1));
        }

        return null;
    }

    /// <summary>Does not hold this process's own sleep against the peer.</summary>
    public void Forgive() => Volatile.Write(ref _heard, _time.GetTimestamp());

    private async Task Drain()
    {
        var (frame, isLast) = (default(Outgoing), false);
        try
        {
            while (TryTake(out frame, out isLast))
            {
                var length = _exchange.Stage(frame, Member, _staging);
                Volatile.Write(ref _writingSince, _time.GetTimestamp());
                await _connection.Stream.WriteAsync(_staging.AsMemory(0, length), CancellationToken.None).ConfigureAwait(false);
                Volatile.Write(ref _writingSince, 0);
                Volatile.Write(ref _wrote, _time.GetTimestamp());
                Traffic.Sent(length, frame.Type);
                frame.Written(isLast);
                if (frame.Type is FrameType.Leave or FrameType.Lost)
                {
                    _connection.Socket.Shutdown(SocketShutdown.Send);
                }
            }
        }
        catch (Exception exception)
        {
            Outgoing[] dropped;
            lock (_lock)
            {
                _isSending = false;
                _isClosed = true;
                dropped = TakeAll();
                _sent.TrySetResult();
            }

            if (_hasLeft)
            {
                frame.Written(isLast);
            }
            else
            {
                _exchange.Lose(Member, "the connection broke", exception);
            }

            SkipIfLeft(dropped);
        }
    }

    // Messages to one peer take turns, so that a large one does not hold up a small one.
    private bool TryTake(out Outgoing frame, out bool isLast)
    {
        lock (_lock)
        {
            if (!_isClosed && (_urgent.TryDequeue(out frame) || _bulk.TryDequeue(out frame)))
            {
                isLast = frame.Next + 1 == frame.End;
                if (!isLast)
                {
                    _bulk.Enqueue(frame with { Next = frame.Next + 1 });
                }

                return true;
            }

            _isSending = false;
            if (_isClosed)
            {
                _sent.TrySetResult();
            }
        }

        (frame, isLast) = (default, false);
        return false;
    }

    private Outgoing[] TakeAll()
    {
        Outgoing[] all = [.. _urgent, .. _bulk];
        _urgent.Clear();
        _bulk.Clear();
        return all;
    }

    private void SkipIfLeft(Outgoing[] dropped)
    {
        foreach (var frames in _hasLeft ? dropped : [])
        {
            frames.Skip();
        }
    }

    private async Task Receive()
    {
        await Task.Yield(); // a frame may be there already, and the caller holds a lock
        var buffer = _buffers.Rent();
        try
        {
            while (await Fill(buffer.AsMemory(0, FrameHeader.Size), mayEnd: true).ConfigureAwait(false))
            {
                var header = FrameHeader.Read(buffer);
                _exchange.Check(header);
                await Fill(buffer.AsMemory(FrameHeader.Size, header.Length), mayEnd: false).ConfigureAwait(false);
                Traffic.Received(FrameHeader.Size + header.Length, header.Type);
                if (header.Type == FrameType.Leave)
                {
                    _hasLeft = true;
                    Leave(FrameType.Leave);
                    _exchange.HasLeft(Member);
                }
                else if (header.Type == FrameType.Lost)
                {
                    _exchange.HasLost(Member, header);
                }
                else if (header.Type != FrameType.Heartbeat && _exchange.Receive(Member, header, buffer))
                {
                    buffer = _buffers.Rent();
                }
            }

            if (!_hasLeft)
            {
                _exchange.Lose(Member, "it closed the connection", null);
            }
        }
        catch (ProtocolException exception)
        {
            _exchange.Refuse(Member, exception);
        }
        catch (Exception exception)
        {
            if (!_hasLeft)
            {
                _exchange.Lose(Member, "the connection broke", exception);
            }
        }
        finally
        {
            _buffers.Return(buffer);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> Fill(Memory<byte> buffer, bool mayEnd)
    {
        for (var filled = 0; filled < buffer.Length;)
        {
            var count = await _connection.Stream.ReadAsync(buffer[filled..], CancellationToken.None).ConfigureAwait(false);
            if (count == 0)
            {
                return mayEnd && filled == 0 ? false : throw new EndOfStreamException("The connection ended within a frame.");
            }

            filled += count;
            Volatile.Write(ref _heard, _time.GetTimestamp());
        }

        return true;
    }
}
