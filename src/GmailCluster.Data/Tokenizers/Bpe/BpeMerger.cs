namespace GmailCluster.Data.Tokenizers.Bpe;

/// <summary>
/// Byte-pair merging (Sennrich et al. 2016, arXiv 1508.07909): the adjacent pair of lowest rank, leftmost among equals, becomes
/// one symbol, until no pair is in the table.
/// </summary>
internal static class BpeMerger
{
    /// <summary>Where a heap begins to pay: below, a scan over a few integers is faster; above, it would be quadratic.</summary>
    public const int HeapFrom = 48;

    /// <summary>Merges in place and returns how many symbols remain at the front.</summary>
    public static int Merge(Span<int> symbols, MergeTable table) =>
        symbols.Length < HeapFrom ? MergeByScan(symbols, table) : MergeByHeap(symbols, table);

    internal static int MergeByScan(Span<int> symbols, MergeTable table)
    {
        var count = symbols.Length;
        Span<int> ranks = count <= 256 ? stackalloc int[count] : new int[count]; // ranks[i] is that of (i, i + 1)
        for (var i = 0; i + 1 < count; i++)
        {
            ranks[i] = table.RankOf(symbols[i], symbols[i + 1]);
        }

        while (count > 1)
        {
            var best = 0;
            for (var i = 1; i < count - 1; i++)
            {
                best = ranks[i] < ranks[best] ? i : best;
            }

            if (ranks[best] == MergeTable.NoRank)
            {
                break;
            }

            symbols[best] = table.Merge(symbols[best], symbols[best + 1]);
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            ranks[(best + 1)..(count - 1)].CopyTo(ranks[best..]);
            count--;
            if (best > 0)
            {
                ranks[best - 1] = table.RankOf(symbols[best - 1], symbols[best]);
            }

            if (best + 1 < count)
            {
                ranks[best] = table.RankOf(symbols[best], symbols[best + 1]);
            }
        }

        return count;
    }

    internal static int MergeByHeap(Span<int> symbols, MergeTable table)
    {
        const int gone = -1;
        var count = symbols.Length;
        var (next, previous) = (new int[count], new int[count]);
        var queue = new PriorityQueue<(int At, int Left, int Right), (int Rank, int At)>();
        for (var i = 0; i < count; i++)
        {
            (next[i], previous[i]) = (i + 1 < count ? i + 1 : gone, i - 1);
        }

        for (var i = 0; i + 1 < count; i++)
        {
            Offer(symbols, i);
        }

        while (queue.TryDequeue(out var pair, out _))
        {
            var right = next[pair.At];
            if (symbols[pair.At] != pair.Left || right == gone || symbols[right] != pair.Right)
            {
                continue; // one of the two has been merged away since
            }

            symbols[pair.At] = table.Merge(pair.Left, pair.Right);
            symbols[right] = gone;
            next[pair.At] = next[right];
            if (next[right] != gone)
            {
                previous[next[right]] = pair.At;
                Offer(symbols, pair.At);
            }

            if (previous[pair.At] != gone)
            {
                Offer(symbols, previous[pair.At]);
            }
        }

        var kept = 0;
        for (var i = 0; i != gone && count > 0; i = next[i])
        {
            symbols[kept++] = symbols[i];
        }

        return kept;

        void Offer(Span<int> ids, int at)
        {
            var (left, right) = (ids[at], ids[next[at]]);
            var rank = table.RankOf(left, right);
            if (rank != MergeTable.NoRank)
            {
                queue.Enqueue((at, left, right), (rank, at));
            }
        }
    }
}
