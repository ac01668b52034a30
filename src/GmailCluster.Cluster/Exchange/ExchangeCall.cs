using System.Text;

namespace GmailCluster.Cluster.Exchange;

/// <summary>What a call is known by to all members.</summary>
/// <param name="IsSum">An all-reduce; else an all-gather.</param>
/// <param name="Step">0-based step.</param>
/// <param name="Name">The gather's name; empty for a sum.</param>
/// <param name="Bucket">Which sum of the step; 0 for a gather.</param>
internal readonly record struct CallKey(bool IsSum, int Step, string Name, int Bucket);

/// <summary>
/// One call of an exchange: it knows what each member is to be told and what each has yet to tell. Frames of different members
/// are received at once, those of one member one after the other.
/// </summary>
internal abstract class ExchangeCall
{
    // So much of a payload leaves with the head in one write; the rest is written from where it lies. A head that travelled alone
    // would wake the reader for nothing, and a copy of all costs a tenth of the time.
    private const int StagedBytes = 32 << 10;

    // A message up to this size is sent at once, and kept by a member that has not begun the call yet. A larger one waits until
    // its receiver has room for it: then nobody keeps what nobody has asked for. So does one of a late bucket, since a member may be
    // ahead by a whole backward pass.
    private const int EagerBytes = 2 << 20;
    private const int EagerBuckets = 8;

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PeerLink?[] _links;
    private readonly int[] _gates;
    private readonly int[] _due;
    private int _pending;

    protected ExchangeCall(CallKey key, int total, PeerLink?[] links)
    {
        Key = key;
        Total = total;
        NameBytes = Encoding.UTF8.GetBytes(key.Name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(NameBytes.Length, FrameHeader.MaxName, nameof(key));
        _links = links;
        _gates = new int[links.Length];
        _due = new int[links.Length];
    }

    public CallKey Key { get; }

    public byte[] NameBytes { get; }

    /// <summary>See <see cref="FrameHeader.Total"/>.</summary>
    public int Total { get; }

    /// <summary>Whether frames go to the call as they come; before that they are kept. Under the exchange's lock.</summary>
    public bool IsLive { get; set; }

    public Task Done => _done.Task;

    /// <summary>What a member's frames of the call say in <see cref="FrameHeader.Total"/>.</summary>
    protected virtual int TotalFrom(int member) => Total;

    /// <summary>Whether the call misses something of a member.</summary>
    public bool Misses(int member) => Volatile.Read(ref _due[member]) > 0;

    public void Fail(Exception failure)
    {
        if (_done.TrySetException(failure))
        {
            _ = _done.Task.Exception; // observed: whoever waits sees it, but a call may have failed before anybody does
        }
    }

    /// <summary>Tells the others, as far as they have room. Called once, when frames may come.</summary>
    public void Start()
    {
        for (var i = 1; i < _links.Length; i++)
        {
            var member = (Self + i) % _links.Length; // not everybody to the same first
            if (!IsEager(BytesFrom(member)))
            {
                _links[member]!.Send(new Outgoing(FrameType.Ready, this, 0, 1), isCaller: true);
            }

            Open(member, IsEager(BytesTo(member)) ? 2 : 1, isCaller: true);
        }
    }

    /// <summary>Where a frame's payload may be read to at once; empty if it goes by way of a buffer, or is not what is due.</summary>
    public virtual Span<byte> Place(int member, in FrameHeader header) => default;

    /// <summary>Takes a frame of a member; true if the buffer is kept.</summary>
    /// <param name="member">The sender.</param>
    /// <param name="header">The frame's head.</param>
    /// <param name="buffer">The frame.</param>
    /// <param name="isPlaced">Whether the payload is not in the buffer but in its <see cref="Place"/>.</param>
    /// <exception cref="ProtocolException">No member would send this.</exception>
    public bool Receive(int member, in FrameHeader header, byte[] buffer, bool isPlaced)
    {
        if (header.Total != TotalFrom(member))
        {
            throw new ProtocolException($"{Key} of {header.Total} where {TotalFrom(member)} were expected");
        }

        if (header.Type == FrameType.Ready)
        {
            if (IsEager(BytesTo(member)) || !Open(member, 1))
            {
                throw new ProtocolException($"a call for {Key} that is not due");
            }

            return false;
        }

        if (Interlocked.Decrement(ref _due[member]) < 0)
        {
            throw new ProtocolException($"more of {Key} than is due");
        }

        return Take(member, header, buffer, isPlaced);
    }

    /// <summary>Prepares the payload of a frame for a member.</summary>
    /// <param name="type">What the frame is.</param>
    /// <param name="member">Whom it is for.</param>
    /// <param name="index">Which of the message's frames it is.</param>
    /// <param name="buffer">Room for it.</param>
    /// <param name="inPlace">Where the end of it lies that is not in the buffer.</param>
    /// <returns>Which part and piece it is, and its length in the buffer.</returns>
    public abstract (int Part, int Sequence, int Length) Stage(FrameType type, int member, int index, Span<byte> buffer, out ReadOnlySpan<byte> inPlace);

    /// <summary>A frame is with the operating system.</summary>
    public virtual void Written(FrameType type, int index)
    {
    }

    /// <summary>Something that was pending has come or gone.</summary>
    public void Settle()
    {
        if (Interlocked.Decrement(ref _pending) == 0)
        {
            _done.TrySetResult();
        }
    }

    protected abstract int Self { get; }

    /// <summary>Size of the message to a member, and that from it: the same as the member computes.</summary>
    protected abstract long BytesTo(int member);

    /// <inheritdoc cref="BytesTo"/>
    protected abstract long BytesFrom(int member);

    /// <summary>The message to a member.</summary>
    protected abstract Outgoing MessageTo(int member);

    protected abstract bool Take(int member, in FrameHeader header, byte[] buffer, bool isPlaced);

    /// <summary>Says how much is to come and to go before the call is done.</summary>
    protected void Expect(int[] due, int pending)
    {
        due.CopyTo(_due, 0);
        _pending = pending;
    }

    protected void SendToAll(Outgoing frame)
    {
        for (var i = 1; i < _links.Length; i++)
        {
            _links[(Self + i) % _links.Length]!.Send(frame);
        }
    }

    /// <summary>Copies the beginning of a payload.</summary>
    /// <returns>Its length; the rest is for writing in place.</returns>
    protected static int StageBeginning(ReadOnlySpan<byte> payload, Span<byte> buffer, out ReadOnlySpan<byte> inPlace)
    {
        var length = Math.Min(payload.Length, StagedBytes);
        payload[..length].CopyTo(buffer);
        inPlace = payload[length..];
        return length;
    }

    protected void Require(bool condition, in FrameHeader header)
    {
        if (!condition)
        {
            throw new ProtocolException($"a frame of {Key} that is not due: {header}");
        }
    }

    private bool IsEager(long bytes) => bytes <= EagerBytes && Key.Bucket < EagerBuckets;

    // The gate opens when the call has started and the receiver has room: small messages count as having room.
    private bool Open(int member, int keys, bool isCaller = false)
    {
        var turned = Interlocked.Add(ref _gates[member], keys);
        if (turned == 2)
        {
            _links[member]!.Send(MessageTo(member), isCaller);
        }

        return turned <= 2;
    }
}

/// <summary>Frames of one call to one member.</summary>
/// <param name="Type">What they are.</param>
/// <param name="Call">Who stages them; null for frames that belong to no call.</param>
/// <param name="Next">The first.</param>
/// <param name="End">The one after the last.</param>
internal readonly record struct Outgoing(FrameType Type, ExchangeCall? Call, int Next, int End)
{
    /// <summary>The first frame is sent; with the last one the call has one thing less to wait for.</summary>
    public void Written(bool isLast)
    {
        Call?.Written(Type, Next);
        if (isLast && Type != FrameType.Ready)
        {
            Call?.Settle();
        }
    }

    /// <summary>Counts the frames as sent.</summary>
    public void Skip()
    {
        for (var i = Next; i < End; i++)
        {
            (this with { Next = i }).Written(i + 1 == End);
        }
    }
}
