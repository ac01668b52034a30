using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Optim;
using GmailCluster.Specs;

namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// Who sums what in a plan's all-reduces. Either each member owns a chunk, gets everybody's partials of it, finishes the tree and
/// gives the sum to all; or, where that is cheaper, everybody gets everything and finishes the whole tree. Both add in the same
/// order, so the choice changes no bit.
/// </summary>
internal sealed class ReduceLayout
{
    // Below this a round trip costs more than the bytes that owners save. Two members with a partial each send no byte more
    // without owners, but each adds everything.
    private const int DirectBytes = 64 << 10;
    private const int DirectPairBytes = 1 << 20;
    private const int AlignmentFloats = 16;

    private readonly ExchangePlan _plan;
    private readonly int[] _firstLeaf;

    public ReduceLayout(ExchangePlan plan)
    {
        _plan = plan;
        var subtrees = plan.Members.Select(plan.SubtreesOf).ToArray();
        _firstLeaf = new int[subtrees.Length + 1];
        for (var i = 0; i < subtrees.Length; i++)
        {
            _firstLeaf[i + 1] = _firstLeaf[i] + subtrees[i].Count;
        }

        Additions = CanonicalTree.Additions([.. subtrees.SelectMany(s => s)]);
    }

    /// <summary>How a piece's leaves are summed.</summary>
    public IReadOnlyList<(int Into, int From)> Additions { get; }

    /// <summary>Partials of all members.</summary>
    public int LeafCount => _firstLeaf[^1];

    /// <summary>Bytes of a value on the wire.</summary>
    public int ValueBytes => _plan.Wire == WireType.Bfloat16 ? sizeof(ushort) : sizeof(float);

    /// <summary>Where a member's partials stand among all.</summary>
    public int FirstLeaf(int member) => _firstLeaf[member];

    /// <summary>How many partials a member has.</summary>
    public int Parts(int member) => _firstLeaf[member + 1] - _firstLeaf[member];

    /// <summary>Whether everybody gets everything.</summary>
    public bool IsDirect(int length) => (long)length * ValueBytes <= (LeafCount == 2 ? DirectPairBytes : DirectBytes);

    /// <summary>The values that a member sums.</summary>
    public (int Start, int Count) Chunk(int member, int length)
    {
        if (IsDirect(length))
        {
            return (0, length);
        }

        var start = Bound(member, length);
        return (start, Bound(member + 1, length) - start);
    }

    /// <summary>
    /// Floats of a piece, the unit that is sent, summed and given on, in a sum of so many. Where everybody gets everything nothing
    /// is given on, and smaller ones let the other side begin sooner.
    /// </summary>
    public int PieceFloats(int length)
    {
        const int Most = FrameHeader.PieceBytes / sizeof(float);
        return IsDirect(length) && length > Most ? Most / 2 : Most;
    }

    /// <summary>How many pieces a member's chunk has; one at least, so that a disagreement about its length shows.</summary>
    public int Pieces(int member, int length) => Math.Max(1, (Chunk(member, length).Count + PieceFloats(length) - 1) / PieceFloats(length));

    private int Bound(int member, int length) => member == _plan.Members.Count
        ? length
        : (int)((long)length * member / _plan.Members.Count / AlignmentFloats * AlignmentFloats);
}
