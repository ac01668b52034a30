using System.Runtime.InteropServices;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Optim;
using GmailCluster.Specs;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// An all-reduce. Pieces are sent as soon as there is room, summed as soon as the last partial of the piece is there, and given on
/// at once: sending, adding and receiving go on side by side.
/// </summary>
internal sealed class ReduceCall : ExchangeCall
{
    private readonly ExchangePlan _plan;
    private readonly ReduceLayout _layout;
    private readonly FrameBuffers _buffers;
    private readonly IReadOnlyList<Memory<float>> _partials;
    private readonly Memory<float> _sum;
    private readonly (int Start, int Count)[] _chunks;
    private readonly int[] _pieces;
    private readonly int _pieceFloats;
    private readonly bool _isDirect;
    private readonly int[] _next; // by leaf and, after those, by owner: the piece that comes next
    private readonly int[] _missing; // by own piece: what must come, or go, before it is summed
    private readonly byte[]?[] _leaves; // by own piece and leaf: partials that have come

    public ReduceCall(
        CallKey key, IReadOnlyList<Memory<float>> partials, Memory<float> sum, ReduceLayout layout, FrameBuffers buffers, ExchangePlan plan, PeerLink?[] links)
        : base(key, sum.Length, links)
    {
        if (partials.Count != layout.Parts(plan.Self) || partials.Any(partial => partial.Length != sum.Length))
        {
            throw new ArgumentException($"The silo's ranks make {layout.Parts(plan.Self)} partials of {sum.Length} values.", nameof(partials));
        }

        (_plan, _layout, _buffers, _partials, _sum) = (plan, layout, buffers, partials, sum);
        _isDirect = layout.IsDirect(sum.Length);
        _chunks = [.. plan.Members.Select((_, member) => layout.Chunk(member, sum.Length))];
        _pieces = [.. plan.Members.Select((_, member) => layout.Pieces(member, sum.Length))];
        _pieceFloats = layout.PieceFloats(sum.Length);
        var pieces = _pieces[Self];
        _next = new int[layout.LeafCount + plan.Members.Count];
        _missing = new int[pieces];
        _leaves = new byte[pieces * layout.LeafCount][];

        // Where the sum may lie over a partial that is still to be sent, a piece waits for that, too.
        var others = plan.Members.Count - 1;
        Array.Fill(_missing, layout.LeafCount - partials.Count + (_isDirect ? others * partials.Count : 0));
        var due = plan.Members.Select((_, member) =>
            member == Self ? 0 : (pieces * layout.Parts(member)) + (_isDirect ? 0 : _pieces[member])).ToArray();
        var sums = _isDirect ? 0 : (pieces * others) + plan.Members.Select((_, m) => m == Self ? 0 : _pieces[m]).Sum();
        Expect(due, pieces + sums + others);
    }

    protected override int Self => _plan.Self;

    public override (int Part, int Sequence, int Length) Stage(FrameType type, int member, int index, Span<byte> buffer, out ReadOnlySpan<byte> inPlace)
    {
        var isPartial = type == FrameType.Partial;
        var (piece, part) = isPartial ? Math.DivRem(index, _partials.Count) : (index, 0);
        var values = isPartial ? Piece(_partials[part].Span, member, piece) : Piece(_sum.Span, Self, piece);
        if (_plan.Wire == WireType.Float32)
        {
            return (part, piece, StageBeginning(MemoryMarshal.AsBytes(values), buffer, out inPlace));
        }

        inPlace = default;
        Bfloat16.Pack(values, MemoryMarshal.Cast<byte, ushort>(buffer));
        return (part, piece, values.Length * sizeof(ushort));
    }

    public override Span<byte> Place(int member, in FrameHeader header)
    {
        if (header.Type != FrameType.Sum || _isDirect || _plan.Wire != WireType.Float32 || header.Total != Total
            || header.Sequence != _next[_layout.LeafCount + member] || header.Sequence >= _pieces[member])
        {
            return default;
        }

        var place = MemoryMarshal.AsBytes(Piece(_sum.Span, member, header.Sequence));
        return header.Length == place.Length ? place : default;
    }

    public override void Written(FrameType type, int index)
    {
        if (_isDirect && type == FrameType.Partial)
        {
            Come(index / _partials.Count);
        }
    }

    protected override long BytesTo(int member) => (long)_chunks[member].Count * _partials.Count * _layout.ValueBytes;

    protected override long BytesFrom(int member) => (long)_chunks[Self].Count * _layout.Parts(member) * _layout.ValueBytes;

    protected override Outgoing MessageTo(int member) =>
        new(FrameType.Partial, this, 0, _pieces[member] * _partials.Count);

    protected override bool Take(int member, in FrameHeader header, byte[] buffer, bool isPlaced) => header.Type switch
    {
        FrameType.Partial => TakePartial(member, header, buffer),
        FrameType.Sum when !_isDirect => TakeSum(member, header, buffer, isPlaced),
        _ => throw new ProtocolException($"a frame of {Key} that is not due: {header}"),
    };

    private bool TakePartial(int member, in FrameHeader header, byte[] buffer)
    {
        Require(header.Part < _layout.Parts(member), header);
        var leaf = _layout.FirstLeaf(member) + header.Part;
        var piece = _next[leaf]++;
        Require(header.Sequence == piece && piece < _missing.Length, header);
        var count = Piece(_sum.Span, Self, piece).Length;
        Require(header.Length - header.NameLength == count * _layout.ValueBytes && header.NameLength == 0, header);
        var kept = buffer;
        if (_plan.Wire == WireType.Bfloat16)
        {
            kept = _buffers.Rent();
            Bfloat16.Unpack(MemoryMarshal.Cast<byte, ushort>(buffer.AsSpan(FrameHeader.Size, count * sizeof(ushort))), Values(kept, count));
        }

        _leaves[(piece * _layout.LeafCount) + leaf] = kept;
        Come(piece);
        return kept == buffer;
    }

    private bool TakeSum(int member, in FrameHeader header, byte[] buffer, bool isPlaced)
    {
        var piece = _next[_layout.LeafCount + member]++;
        Require(header.Sequence == piece && piece < _pieces[member] && header.Part == 0, header);
        var values = Piece(_sum.Span, member, piece);
        Require(header.Length - header.NameLength == values.Length * _layout.ValueBytes && header.NameLength == 0, header);
        if (isPlaced)
        {
            Settle();
            return false;
        }

        var payload = buffer.AsSpan(FrameHeader.Size, header.Length);
        if (_plan.Wire == WireType.Bfloat16)
        {
            Bfloat16.Unpack(MemoryMarshal.Cast<byte, ushort>(payload), values);
        }
        else
        {
            payload.CopyTo(MemoryMarshal.AsBytes(values));
        }

        Settle();
        return false;
    }

    private void Come(int piece)
    {
        if (Interlocked.Decrement(ref _missing[piece]) != 0)
        {
            return;
        }

        var additions = _layout.Additions;
        for (var i = 0; i < additions.Count; i++)
        {
            var (into, from) = additions[i];
            var left = Leaf(into, piece);
            CanonicalTree.Add(left, Leaf(from, piece), i == additions.Count - 1 ? Piece(_sum.Span, Self, piece) : left, _plan.Wire);
        }

        for (var leaf = 0; leaf < _layout.LeafCount; leaf++)
        {
            if (_leaves[(piece * _layout.LeafCount) + leaf] is { } buffer)
            {
                _buffers.Return(buffer);
            }
        }

        if (!_isDirect)
        {
            SendToAll(new Outgoing(FrameType.Sum, this, piece, piece + 1));
        }

        Settle();
    }

    private Span<float> Leaf(int leaf, int piece) => _leaves[(piece * _layout.LeafCount) + leaf] is { } buffer
        ? Values(buffer, Piece(_sum.Span, Self, piece).Length)
        : Piece(_partials[leaf - _layout.FirstLeaf(Self)].Span, Self, piece);

    private Span<float> Piece(Span<float> all, int owner, int piece)
    {
        var (start, count) = _chunks[owner];
        var offset = piece * _pieceFloats;
        return all.Slice(start + offset, Math.Min(_pieceFloats, count - offset));
    }

    private static Span<float> Values(byte[] buffer, int count) => MemoryMarshal.Cast<byte, float>(buffer.AsSpan(FrameHeader.Size, count * sizeof(float)));
}
