namespace GmailCluster.Data.Tokenizers.Bpe;

/// <summary>Pairs of token ids -> rank and merged id.</summary>
internal sealed class MergeTable(int capacity)
{
    public const int NoRank = int.MaxValue;

    private readonly Dictionary<ulong, (int Rank, int Merged)> _merges = new(capacity);

    public void Set(int left, int right, int rank, int merged) => _merges[Key(left, right)] = (rank, merged);

    public int RankOf(int left, int right) => _merges.TryGetValue(Key(left, right), out var found) ? found.Rank : NoRank;

    public int Merge(int left, int right) => _merges[Key(left, right)].Merged;

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
