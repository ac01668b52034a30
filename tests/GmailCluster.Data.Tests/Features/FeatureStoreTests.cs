using GmailCluster.Data.Features;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Features;

public sealed class FeatureStoreTests : IDisposable
{
    private static readonly ArtifactKey Key = new("0123456789abcdef0123456789abcdef");
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;

    private FolderObjectStore Store => new(_folder);

    [Fact]
    public async Task A_table_comes_back_as_it_was()
    {
        var table = new FeatureTable("patches", ["a", "b#1"], [1, -0f, float.Epsilon, float.MaxValue, 5, 6, 7, 8], [2, 2, 2]);

        await FeatureStore.Save(Store, Key, table, TestContext.Current.CancellationToken);
        var loaded = await FeatureStore.Load(Store, Key, "patches", TestContext.Current.CancellationToken);

        Assert.Equal(table.Ids, loaded.Ids);
        Assert.Equal(table.Shape, loaded.Shape);
        Assert.Equal(table.Values.Select(BitConverter.SingleToInt32Bits), loaded.Values.Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public async Task Altered_values_are_refused_by_name()
    {
        await FeatureStore.Save(Store, Key, new FeatureTable("embeddings", ["a"], [1, 2], [1, 2]), TestContext.Current.CancellationToken);
        await Store.PutBytes($"features/{Key}/embeddings.f32", new byte[8], PutCondition.Always, TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<AlteredObjectException>(() => FeatureStore.Load(Store, Key, "embeddings", TestContext.Current.CancellationToken));

        Assert.Contains("embeddings.f32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_that_do_not_match_the_shape_are_refused() =>
        Assert.Throws<ArgumentException>(() => new FeatureTable("x", ["a"], [1, 2, 3], [1, 2]));

    [Fact]
    public async Task A_table_of_several_blocks_is_read_whole_and_in_parts()
    {
        var table = Large();
        await FeatureStore.Save(Store, Key, table, Token);

        var whole = await FeatureStore.Load(Store, Key, "patches", Token);
        var header = await FeatureStore.Header(Store, Key, "patches", Token);

        Assert.Equal(table.Values, whole.Values);
        Assert.Equal(3, header.Blocks.Length);
        foreach (var (start, count) in new[] { (0, 1), (0, 0), (699, 1), (170, 200), (349, 351), (700, 0), (0, 700) })
        {
            var rows = await FeatureStore.ReadRows(Store, Key, "patches", header, start, count, Token);
            Assert.Equal(table.Values[(start * 3333)..((start + count) * 3333)], rows);
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => FeatureStore.ReadRows(Store, Key, "patches", header, 699, 2, Token));
    }

    [Fact]
    public async Task Values_that_come_in_pieces_give_the_same_files()
    {
        var table = Large();
        var whole = await FeatureStore.Save(Store, Key, table, Token);
        var headerBytes = await Store.ReadAllBytes($"features/{Key}/patches.json", Token);

        var pieces = await FeatureStore.Save(Store, Key, "patches", table.Ids, table.Shape[1..], Pieces(table.Values), Token);

        Assert.Equal(whole, pieces);
        Assert.Equal(headerBytes, await Store.ReadAllBytes($"features/{Key}/patches.json", Token));
        Assert.Equal(table.Values, (await FeatureStore.Load(Store, Key, "patches", Token)).Values);
        await Assert.ThrowsAsync<ArgumentException>(
            () => FeatureStore.Save(Store, Key, "patches", table.Ids, [3, 1112], Pieces(table.Values), Token));

        static async IAsyncEnumerable<ReadOnlyMemory<float>> Pieces(float[] values)
        {
            for (var at = 0; at < values.Length; at += 77_777)
            {
                await Task.Yield();
                yield return values.AsMemory(at, Math.Min(77_777, values.Length - at));
            }
        }
    }

    [Fact]
    public async Task Damage_is_found_in_the_rows_it_touches()
    {
        await FeatureStore.Save(Store, Key, Large(), Token);
        var header = await FeatureStore.Header(Store, Key, "patches", Token);
        var bytes = await Store.ReadAllBytes($"features/{Key}/patches.f32", Token);
        bytes[5_000_000] ^= 1; // the second block
        await Store.PutBytes($"features/{Key}/patches.f32", bytes, cancellationToken: Token);

        await FeatureStore.ReadRows(Store, Key, "patches", header, 0, 10, Token);
        var error = await Assert.ThrowsAsync<AlteredObjectException>(() => FeatureStore.ReadRows(Store, Key, "patches", header, 370, 10, Token));
        Assert.Contains("at byte 4194304", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<AlteredObjectException>(() => FeatureStore.Load(Store, Key, "patches", Token));

        await Store.PutBytes($"features/{Key}/patches.f32", bytes.AsMemory(0, bytes.Length - 1), cancellationToken: Token);
        Assert.Contains("9332399 bytes where its header says 9332400", (await Assert.ThrowsAsync<AlteredObjectException>(
            () => FeatureStore.ReadRows(Store, Key, "patches", header, 0, 1, Token))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[2, 2]", "[\"a\"]", "[\"00\"]")]
    [InlineData("[1]", "[\"a\"]", "[\"00\"]")]
    [InlineData("[1, -2]", "[\"a\"]", "[\"00\"]")]
    [InlineData("[1, 2]", "[\"a\"]", "[]")]
    [InlineData("[1, 4611686018427387904, 4611686018427387904, 4611686018427387904]", "[\"a\"]", "[\"00\"]")]
    public async Task A_header_that_contradicts_itself_is_refused(string shape, string ids, string blocks)
    {
        await Store.PutBytes($"features/{Key}/x.f32", new byte[8], cancellationToken: Token);
        await Store.PutBytes(
            $"features/{Key}/x.json",
            System.Text.Encoding.UTF8.GetBytes($$"""{"shape": {{shape}}, "sha256": "00", "block_bytes": 4194304, "blocks": {{blocks}}, "ids": {{ids}}}"""),
            cancellationToken: Token);

        var error = await Assert.ThrowsAsync<AlteredObjectException>(() => FeatureStore.Load(Store, Key, "x", Token));

        Assert.Contains("x.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_exists_when_its_header_does_and_an_empty_one_is_a_table()
    {
        Assert.False(await FeatureStore.Exists(Store, Key, "x", Token));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => FeatureStore.Load(Store, Key, "x", Token));

        await FeatureStore.Save(Store, Key, new FeatureTable("x", [], [], [0, 5]), Token);

        Assert.True(await FeatureStore.Exists(Store, Key, "x", Token));
        Assert.Equal(new long[] { 0, 5 }, (await FeatureStore.Load(Store, Key, "x", Token)).Shape);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static FeatureTable Large() => new(
        "patches", [.. Enumerable.Range(0, 700).Select(i => $"id {i}")], [.. Enumerable.Range(0, 700 * 3333).Select(i => i * 0.37f)], [700, 3, 1111]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
