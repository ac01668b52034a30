using GmailCluster.Learning.Exchange;

namespace GmailCluster.Cluster.Exchange;

/// <summary>An all-gather: everybody's rows to everybody.</summary>
internal sealed class GatherCall : ExchangeCall
{
    private readonly ExchangePlan _plan;
    private readonly int _perRank;
    private readonly int[] _next;

    public GatherCall(CallKey key, ReadOnlyMemory<byte> own, ExchangePlan plan, PeerLink?[] links)
        : base(key, own.Length, links)
    {
        (_perRank, var rest) = Math.DivRem(own.Length, plan.Own.RankCount);
        if (rest != 0)
        {
            throw new ArgumentException($"{own.Length} bytes are not equally many for each of {plan.Own.RankCount} ranks.", nameof(own));
        }

        _plan = plan;
        _next = new int[links.Length];
        Gathered = new byte[checked(_perRank * plan.WorldSize)];
        own.Span.CopyTo(Gathered.AsSpan(plan.Own.FirstRank * _perRank));
        Expect([.. plan.Members.Select((_, member) => member == plan.Self ? 0 : Pieces(member))], 2 * (links.Length - 1));
    }

    /// <summary>All ranks' rows when the call is done.</summary>
    public byte[] Gathered { get; }

    protected override int Self => _plan.Self;

    public override (int Part, int Sequence, int Length) Stage(FrameType type, int member, int index, Span<byte> buffer, out ReadOnlySpan<byte> inPlace) =>
        (0, index, StageBeginning(Piece(Self, index), buffer, out inPlace));

    public override Span<byte> Place(int member, in FrameHeader header) =>
        header.Type == FrameType.Rows && header.Total == Bytes(member) && header.Sequence == _next[member] && header.Sequence < Pieces(member)
            && Piece(member, header.Sequence) is var piece && header.Length - header.NameLength == piece.Length ? piece : default;

    protected override int TotalFrom(int member) => Bytes(member);

    protected override long BytesTo(int member) => Bytes(Self);

    protected override long BytesFrom(int member) => Bytes(member);

    protected override Outgoing MessageTo(int member) => new(FrameType.Rows, this, 0, Pieces(Self));

    protected override bool Take(int member, in FrameHeader header, byte[] buffer, bool isPlaced)
    {
        Require(header.Type == FrameType.Rows && header.Sequence == _next[member] && header.Part == 0, header);
        var piece = Piece(member, _next[member]++);
        Require(header.Length - header.NameLength == piece.Length, header);
        if (!isPlaced)
        {
            buffer.AsSpan(FrameHeader.Size + header.NameLength, piece.Length).CopyTo(piece);
        }

        if (_next[member] == Pieces(member))
        {
            Settle();
        }

        return false;
    }

    // A member without rows sends one empty frame, so that a disagreement shows.
    private int Pieces(int member) => Math.Max(1, (Bytes(member) + FrameHeader.PieceBytes - 1) / FrameHeader.PieceBytes);

    private int Bytes(int member) => _plan.Members[member].RankCount * _perRank;

    private Span<byte> Piece(int member, int index)
    {
        var start = index * FrameHeader.PieceBytes;
        return Gathered.AsSpan((_plan.Members[member].FirstRank * _perRank) + start, Math.Min(FrameHeader.PieceBytes, Bytes(member) - start));
    }
}
