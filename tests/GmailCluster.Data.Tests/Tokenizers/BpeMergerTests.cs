using CsCheck;

namespace GmailCluster.Data.Tokenizers.Bpe;

public sealed class BpeMergerTests
{
    [Fact]
    public void Scan_and_heap_merge_alike()
    {
        var rules = Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9]).Array[0, 30];
        var words = Gen.Int[0, 3].Array[0, 120];

        Gen.Select(rules, words).Sample((pairs, word) =>
        {
            var table = new MergeTable(pairs.Length);
            for (var rank = 0; rank < pairs.Length; rank++)
            {
                table.Set(pairs[rank].Item1, pairs[rank].Item2, rank, (pairs[rank].Item1 + pairs[rank].Item2) % 10);
            }

            int[] scanned = [.. word], heaped = [.. word];
            var (byScan, byHeap) = (BpeMerger.MergeByScan(scanned, table), BpeMerger.MergeByHeap(heaped, table));

            Assert.Equal(scanned[..byScan], heaped[..byHeap]);
        });
    }

    [Fact]
    public void A_word_of_a_million_symbols_is_merged_in_seconds()
    {
        var table = new MergeTable(20);
        for (var rank = 0; rank < 20; rank++)
        {
            table.Set(rank, rank, rank, rank + 1);
        }

        var word = new int[1 << 20];
        var started = System.Diagnostics.Stopwatch.StartNew();
        var count = BpeMerger.Merge(word, table);

        Assert.Equal([20], word[..count]);
        Assert.True(started.Elapsed < TimeSpan.FromSeconds(60), $"took {started.Elapsed}"); // quadratic, it would be hours
    }
}
