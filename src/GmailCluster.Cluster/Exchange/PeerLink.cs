using System.Net.Sockets;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// The connection to one member of a plan. It has a thread that reads and one that writes, both in blocking calls: a frame then
/// wakes one thread and not three, which is what small and middle-sized sums are made of. Only a caller's single frame is
/// written by the caller itself. The thread that reads never writes, so that two silos cannot wait for one another.
/// </summary>
internal sealed class PeerLink
{
    private readonly TcpExchange _exchange;
    private readonly PeerConnection _connection;
    private readonly FrameBuffers _buffers;
    private readonly byte[] _staging;
    private readonly TimeProvider _time;
    private readonly object _lock = new(); // waited on and pulsed
    private readonly Queue<Outgoing> _urgent = new();
    private readonly Queue<Outgoing> _bulk = new();
    private readonly TaskCompletionSource _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _hasLeft;
    private bool _isWriting;
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

    /// <summary>Completes when the peer has closed its side.</summary>
    public Task Received => _received.Task;

    public void Start()
    {
        var silo = _exchange.Plan.Members[Member].Silo;
        new Thread(Receive) { IsBackground = true, Name = $"from {silo}" }.Start();
        new Thread(Write) { IsBackground = true, Name = $"to {silo}" }.Start();
    }

    /// <summary>Brings frames on their way. What a member that has left would not read counts as sent.</summary>
    /// <param name="frames">The frames.</param>
    /// <param name="isCaller">Whether a caller sends them, who may write: not a thread that reads, and none that others wait for.</param>
    public void Send(Outgoing frames, bool isCaller = false)
    {
        bool isDropped, isOwn;
        lock (_lock)
        {
            isDropped = _isClosed || _isLeaving;
            isOwn = isCaller && !isDropped && !_isWriting && frames.Next + 1 == frames.End && _urgent.Count + _bulk.Count == 0;
            _isWriting |= isOwn;
            if (!isDropped && !isOwn)
            {
                (frames.Type is FrameType.Partial or FrameType.Rows ? _bulk : _urgent).Enqueue(frames);
                Monitor.PulseAll(_lock);
            }
        }

        if (isDropped && _hasLeft)
        {
            frames.Skip();
        }
        else if (isOwn)
        {
            Write(frames, isLast: true);
            EndWriting();
        }
    }

    /// <summary>Says goodbye after the frame that is being written, and nothing after it.</summary>
    /// <param name="goodbye"><see cref="FrameType.Leave"/>, or <see cref="FrameType.Lost"/> with the reason for it.</param>
    public void Leave(FrameType goodbye)
    {
        Outgoing[] dropped;
        lock (_lock)
        {
            if (_isClosed || _isLeaving)
            {
                return;
            }

            _isLeaving = true;
            dropped = TakeAll();
            _urgent.Enqueue(new Outgoing(goodbye, null, 0, 1));
            Monitor.PulseAll(_lock);
        }

        SkipIfLeft(dropped);
    }

    /// <summary>Ends the connection at once; done when nothing is received or sent any more, and so nothing touches a call's buffers.</summary>
    public async Task Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }

        _connection.Break();
        await Task.WhenAll(_received.Task, _sent.Task).ConfigureAwait(false);
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

    private void Write()
    {
        while (TryTake(out var frame, out var isLast))
        {
            Write(frame, isLast);
            EndWriting();
        }

        _sent.TrySetResult();
    }

    private bool TryTake(out Outgoing frame, out bool isLast)
    {
        lock (_lock)
        {
            while (!_isClosed || _isWriting)
            {
                if (!_isClosed && !_isWriting && (_urgent.TryDequeue(out frame) || _bulk.TryDequeue(out frame)))
                {
                    _isWriting = true;
                    isLast = frame.Next + 1 == frame.End;
                    if (!isLast)
                    {
                        // Messages to one peer take turns, so that a large one does not hold up a small one.
                        _bulk.Enqueue(frame with { Next = frame.Next + 1 });
                    }

                    return true;
                }

                Monitor.Wait(_lock);
            }
        }

        (frame, isLast) = (default, false);
        return false;
    }

    private void Write(Outgoing frame, bool isLast)
    {
        try
        {
            var length = _exchange.Stage(frame, Member, _staging, out var inPlace);
            Volatile.Write(ref _writingSince, _time.GetTimestamp());
            _connection.Stream.Write(_staging.AsSpan(0, length));
            if (!inPlace.IsEmpty)
            {
                _connection.Stream.Write(inPlace);
            }

            Volatile.Write(ref _writingSince, 0);
            Volatile.Write(ref _wrote, _time.GetTimestamp());
            Traffic.Sent(length + inPlace.Length, frame.Type);
            if (frame.Type is FrameType.Leave or FrameType.Lost)
            {
                _connection.Socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception exception)
        {
            FailToWrite(exception);
            if (!_hasLeft)
            {
                return;
            }
        }

        frame.Written(isLast);
    }

    private void EndWriting()
    {
        lock (_lock)
        {
            _isWriting = false;
            if (_isClosed || _urgent.Count + _bulk.Count > 0)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }

    private void FailToWrite(Exception exception)
    {
        Outgoing[] dropped;
        lock (_lock)
        {
            _isClosed = true;
            dropped = TakeAll();
            Monitor.PulseAll(_lock);
        }

        if (!_hasLeft)
        {
            _exchange.Lose(Member, "the connection broke", exception);
        }

        SkipIfLeft(dropped);
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

    private void Receive()
    {
        var buffer = _buffers.Rent();
        try
        {
            while (Fill(buffer.AsSpan(0, FrameHeader.Size), mayEnd: true))
            {
                var header = FrameHeader.Read(buffer);
                _exchange.Check(header);
                Fill(buffer.AsSpan(FrameHeader.Size, header.NameLength), mayEnd: false);
                var place = header.Type is FrameType.Rows or FrameType.Sum ? _exchange.Place(Member, header, buffer) : default;
                Fill(place.IsEmpty ? buffer.AsSpan(FrameHeader.Size + header.NameLength, header.Length - header.NameLength) : place, mayEnd: false);
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
                else if (header.Type != FrameType.Heartbeat && _exchange.Receive(Member, header, buffer, !place.IsEmpty))
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
            _received.TrySetResult();
        }
    }

    private bool Fill(Span<byte> buffer, bool mayEnd)
    {
        for (var filled = 0; filled < buffer.Length;)
        {
            var count = _connection.Stream.Read(buffer[filled..]);
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
