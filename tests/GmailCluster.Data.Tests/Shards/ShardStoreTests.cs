using System.Text;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Storage;
using GmailCluster.Data.Tests.Storage;
using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Shards;

public sealed class ShardStoreTests : IDisposable
{
    private static readonly ArtifactKey Key = ArtifactKey.Of("generate", 1, new { Seed = 7 });
    private readonly ScratchFolder _folder = new();
    private readonly FolderObjectStore _objects;
    private readonly ShardStore _shards;

    public ShardStoreTests()
    {
        _objects = new FolderObjectStore(_folder.Path);
        _shards = new ShardStore(_objects);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_shard_is_named_by_its_content_and_uploading_it_again_changes_nothing()
    {
        var first = await _shards.Upload(Key, 3, Samples(5), Token);
        var etag = (await _objects.Stat(ShardPaths.Shard(Key, first.Sha256), Token))!.ETag;

        var again = await _shards.Upload(Key, 3, [.. Enumerable.Reverse(Samples(5))], Token);

        Assert.Equal(first, again);
        Assert.Equal(etag, (await _objects.Stat(ShardPaths.Shard(Key, first.Sha256), Token))!.ETag);
        var bytes = await _objects.ReadAllBytes($"images/{Key}/shards/{first.Sha256}.tar", Token);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)), first.Sha256);
        Assert.Equal((3, bytes.Length, 5), (first.Number, (int)first.LengthBytes, first.SampleCount));
        var read = await _shards.Read(Key, first, Token).ToListAsync(Token);
        Assert.Equal(Samples(5).Select(s => s.Key), read.Select(s => s.Key));
        Assert.Equal("caption 2", Encoding.UTF8.GetString(read[2].Members["txt"]));
    }

    [Fact]
    public async Task A_truncated_or_altered_shard_is_refused_by_name_and_a_new_upload_heals_it()
    {
        var entry = await _shards.Upload(Key, 0, Samples(3), Token);
        var key = ShardPaths.Shard(Key, entry.Sha256);
        var good = await _objects.ReadAllBytes(key, Token);
        byte[] altered = [.. good];
        altered[700] ^= 1;

        foreach (var bad in new[] { altered, good[..^1], [.. good, 0] })
        {
            await _objects.PutBytes(key, bad, cancellationToken: Token);

            var error = await Assert.ThrowsAsync<AlteredObjectException>(() => _shards.Open(Key, entry, Token));

            Assert.Contains(entry.Sha256, error.Message, StringComparison.Ordinal);
            Assert.Equal(key, error.Key);
            await _shards.Upload(Key, 0, Samples(3), Token);
            Assert.Equal(good, await _objects.ReadAllBytes(key, Token));
        }
    }

    [Fact]
    public async Task A_store_that_gives_no_files_is_read_the_same_way()
    {
        var entry = await _shards.Upload(Key, 0, Samples(3), Token);
        var remote = new ShardStore(new RemoteStore(_objects));

        Assert.Equal(3, await remote.Read(Key, entry, Token).CountAsync(Token));
        await Assert.ThrowsAsync<AlteredObjectException>(() => remote.Open(Key, entry with { LengthBytes = 1 }, Token));
    }

    [Fact]
    public async Task A_foreign_tar_is_taken_in_byte_for_byte_and_a_broken_one_is_refused_unseen()
    {
        var path = GoldenFolder.Sample("emoji", "noto", "validation.tar");
        var content = await File.ReadAllBytesAsync(path, Token);

        var entry = await _shards.Import(Key, 0, new MemoryStream(content), path, Token);
        await Assert.ThrowsAsync<InputException>(() => _shards.Import(Key, 1, new MemoryStream(content[..100_000]), path, Token));

        Assert.Equal(253, entry.SampleCount);
        Assert.Equal(content, await _objects.ReadAllBytes(ShardPaths.Shard(Key, entry.Sha256), Token));
        Assert.Single(await _objects.List("", Token).ToListAsync(Token));
    }

    [Fact]
    public async Task Concurrent_appends_lose_no_shard_and_the_root_adds_up()
    {
        var results = await Task.WhenAll(Enumerable.Range(1018, 12).Concat(Enumerable.Range(1018, 12))
            .Select(n => Task.Run(() => new ShardStore(new FolderObjectStore(_folder.Path)).Append(Key, Entry(n), Token))));

        Assert.Equal(12, results.Count(r => r == AppendResult.Appended));
        Assert.Equal(12, results.Count(r => r == AppendResult.AlreadyThere));
        Assert.Equal(Enumerable.Range(1018, 6), (await _shards.Leaf(Key, 0, Token)).Shards.Select(s => s.Number));
        Assert.Equal(Enumerable.Range(1024, 6), (await _shards.Leaf(Key, 1, Token)).Shards.Select(s => s.Number));
        Assert.Equal(AppendResult.DifferentContent, await _shards.Append(Key, Entry(1020) with { Sha256 = new string('f', 64) }, Token));
    }

    [Fact]
    public async Task A_data_set_is_sealed_when_all_its_shards_are_there()
    {
        foreach (var number in new[] { 2, 0 })
        {
            await _shards.Append(Key, Entry(number), Token);
        }

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => _shards.Seal(Key, 3, cancellationToken: Token));
        Assert.Contains("lacks the shards 1 of 3", error.Message, StringComparison.Ordinal);
        Assert.Null(await _shards.Manifest(Key, Token));
        await Assert.ThrowsAsync<ObjectNotFoundException>(async () => await _shards.Entries(Key, Token).ToListAsync(Token));

        await _shards.Append(Key, Entry(1), Token);
        var sealing = await _shards.Seal(Key, 3, new Dictionary<string, string> { ["refused"] = "4" }, Token);
        var etag = (await _objects.Stat(ShardPaths.Root(Key), Token))!.ETag;
        var read = await _shards.Manifest(Key, Token);

        Assert.Equal((3, 30L, 303L), (sealing.ShardCount, sealing.SampleCount, sealing.LengthBytes));
        Assert.Equal((read!.Dataset, 30L, "4"), (Key.Value, read.SampleCount, read.Notes["refused"]));
        Assert.Equal(sealing.Leaves, read.Leaves);
        Assert.Equal(new[] { Entry(0), Entry(1), Entry(2) }, await _shards.Entries(Key, Token).ToListAsync(Token));
        Assert.NotNull(etag);
        Assert.Contains("holds 3 shards where 2", (await Assert.ThrowsAsync<GmailClusterException>(
            () => _shards.Seal(Key, 2, cancellationToken: Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_leaf_that_no_longer_adds_up_is_refused()
    {
        await _shards.Append(Key, Entry(0), Token);
        await _shards.Append(Key, Entry(1), Token);
        await _shards.Seal(Key, 2, cancellationToken: Token);
        await _objects.PutJson(ShardPaths.Leaf(Key, 0), ShardLeaf.Empty(0).Append(Entry(0)).Next, cancellationToken: Token);

        var error = await Assert.ThrowsAsync<AlteredObjectException>(async () => await _shards.Entries(Key, Token).ToListAsync(Token));

        Assert.Contains("leaf-00000.json", error.Message, StringComparison.Ordinal);
    }

    private static ShardEntry Entry(int number) => new(number, $"{number:d64}", 100 + (number % 3), 10);

    private static List<ShardSample> Samples(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new ShardSample(
            $"s{i:d3}", new Dictionary<string, byte[]> { ["png"] = [1, 2, (byte)i], ["txt"] = Encoding.UTF8.GetBytes($"caption {i}") })),
    ];

    private sealed class RemoteStore(IObjectStore inner) : IObjectStore
    {
        public string Location => inner.Location;

        public Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken) => inner.Stat(key, cancellationToken);

        public async Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken) =>
            new TrickleStream(await inner.ReadAllBytes(key, cancellationToken));

        public Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken) =>
            inner.Put(key, content, condition, cancellationToken);

        public IAsyncEnumerable<ObjectInfo> List(string prefix, CancellationToken cancellationToken) => inner.List(prefix, cancellationToken);

        public Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken) => inner.Delete(key, ifMatch, cancellationToken);
    }
}
