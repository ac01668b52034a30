using System.Runtime.Versioning;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Storage;

public sealed class FolderObjectStoreTests : ObjectStoreConformance, IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override IObjectStore CreateStore() => new FolderObjectStore(Path.Combine(_folder.Path, "store"));

    protected override IObjectStore Another(IObjectStore store) => new FolderObjectStore(store.Location);

    [Fact]
    public async Task Reading_an_absent_store_makes_no_folder()
    {
        var store = CreateStore();

        Assert.Null(await store.Stat("k", Token));
        Assert.False(await store.Delete("k", null, Token));
        Assert.Empty(await store.List("", Token).ToListAsync(Token));
        Assert.False(Directory.Exists(store.Location));
    }

    [Fact]
    public async Task An_object_is_a_file_of_its_name_and_strange_files_are_not_objects()
    {
        var store = CreateStore();
        await store.PutBytes("a/b.json", Utf8("x"), cancellationToken: Token);
        File.WriteAllText(Path.Combine(store.Location, "a", "not a key"), "y");

        Assert.Equal("x", File.ReadAllText(Path.Combine(store.Location, "a", "b.json")));
        Assert.Equal(["a/b.json"], (await store.List("", Token).ToListAsync(Token)).Select(i => i.Key));
    }

    [Fact]
    public async Task A_file_edited_by_hand_changes_its_etag()
    {
        var store = CreateStore();
        var put = await store.PutBytes("k", Utf8("abc"), cancellationToken: Token);

        File.WriteAllText(Path.Combine(store.Location, "k"), "abd");

        Assert.NotEqual(put.ETag, (await store.Stat("k", Token))!.ETag);
    }

    [Fact]
    public async Task A_clock_that_stands_or_goes_back_repeats_no_etag()
    {
        var clock = new UnevenClock();
        var store = new FolderObjectStore(_folder.Path, clock);
        var etags = new HashSet<string>();

        for (var i = 0; i < 20; i++)
        {
            Assert.True(etags.Add((await store.PutBytes("k", new[] { (byte)i }, cancellationToken: Token)).ETag!));
        }
    }

    [Fact]
    public async Task No_temporary_file_outlives_its_write()
    {
        var store = CreateStore();
        await store.PutBytes("k", Utf8("x"), cancellationToken: Token);
        await store.PutBytes("k", Utf8("y"), PutCondition.WhenAbsent, Token);
        await using var broken = new TrickleStream(new byte[20_000], failAfterBytes: 10_000);
        await Assert.ThrowsAsync<InvalidDataException>(() => store.Put("k", broken, PutCondition.Always, Token));

        Assert.Empty(Directory.GetFiles(Path.Combine(store.Location, "~tmp")));
    }

    [Fact]
    public async Task What_a_killed_process_left_behind_is_swept_and_a_living_writers_file_is_not()
    {
        var old = _folder.Write("~tmp/old", "x");
        File.SetLastWriteTimeUtc(old, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-2));
        var young = _folder.Write("~tmp/young", "x");

        await new FolderObjectStore(_folder.Path).PutBytes("k", Utf8("x"), cancellationToken: Token);

        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
    }

    [Fact]
    public async Task A_full_disk_is_told_as_such_and_leaves_the_old_object()
    {
        Assert.True(File.Exists("/dev/full"), "this test needs Linux's /dev/full, whose every write is ENOSPC");
        await new FolderObjectStore(_folder.Path).PutBytes("k", Utf8("old"), cancellationToken: Token);
        var full = new FolderObjectStore(_folder.Path, null, _ => new FileStream("/dev/full", FileMode.Open, FileAccess.Write));

        var error = await Assert.ThrowsAsync<GmailClusterException>(
            () => full.Put("k", new MemoryStream(new byte[100_000]), PutCondition.Always, Token));

        Assert.Equal(1, error.ExitCode);
        Assert.Contains("the disk or quota is full", error.Message, StringComparison.Ordinal);
        Assert.Contains("Free space under", error.Message, StringComparison.Ordinal);
        Assert.Equal(["k"], (await full.List("", Token).ToListAsync(Token)).Select(i => i.Key));
        Assert.Equal(Utf8("old"), await full.ReadAllBytes("k", Token));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_folder_without_write_permission_is_told_as_such()
    {
        // Root may write anywhere but in the kernel's own file system.
        var closed = Environment.IsPrivilegedProcess ? "/sys" : _folder.Path;
        if (!Environment.IsPrivilegedProcess)
        {
            File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        try
        {
            var store = new FolderObjectStore(Path.Combine(closed, "gmailcluster-store"));

            var error = await Assert.ThrowsAsync<GmailClusterException>(() => store.EnsureWritable(Token));

            Assert.Equal(1, error.ExitCode);
            Assert.StartsWith(store.Location, error.Message, StringComparison.Ordinal);
            Assert.Matches("permission was denied|file system is read-only", error.Problem);
            Assert.Matches("permission on|writable disk", error.Remedy);
        }
        finally
        {
            File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task A_store_that_is_a_file_or_under_one_is_refused_as_wrong_input()
    {
        var file = _folder.Write("file", "x");

        var itself = await Assert.ThrowsAsync<InputException>(() => new FolderObjectStore(file).EnsureWritable(Token));
        var under = await Assert.ThrowsAsync<InputException>(() => new FolderObjectStore($"{file}/a/b").EnsureWritable(Token));

        Assert.Equal($"{file}: is a file, and a store is a folder. Name another folder.", itself.Message);
        Assert.Equal($"{file}/a/b: lies under {file}, which is a file. Name another folder.", under.Message);
    }

    [Fact]
    public async Task A_key_under_an_object_and_an_object_over_keys_are_refused()
    {
        var store = CreateStore();
        await store.PutBytes("a/b", Utf8("x"), cancellationToken: Token);

        await Assert.ThrowsAsync<GmailClusterException>(() => store.PutBytes("a", Utf8("y"), cancellationToken: Token));
        await Assert.ThrowsAsync<GmailClusterException>(() => store.PutBytes("a/b/c", Utf8("y"), cancellationToken: Token));

        Assert.Equal(["a/b"], (await store.List("", Token).ToListAsync(Token)).Select(i => i.Key));
    }

    [Fact]
    public async Task Deleting_while_writing_into_the_same_folder_loses_no_write()
    {
        var store = CreateStore();
        await store.PutBytes("d/x/keep", Utf8("x"), cancellationToken: Token);
        await store.Delete("d/x/keep", null, Token);

        await Task.WhenAll(
            Task.Run(() => Churn("one"), Token),
            Task.Run(() => Churn("two"), Token));

        Assert.Equal(["d/x/one", "d/x/two"], (await store.List("", Token).ToListAsync(Token)).Select(i => i.Key));

        async Task Churn(string name)
        {
            var mine = Another(store);
            for (var i = 0; i < 40; i++)
            {
                await mine.PutBytes($"d/x/{name}", Utf8("x"), cancellationToken: Token);
                Assert.True(i == 39 || await mine.Delete($"d/x/{name}", null, Token));
            }
        }
    }

    private sealed class UnevenClock : TimeProvider
    {
        private static readonly int[] Seconds = [5, 5, 3, 5, 4, 3, 3, 5];
        private int _calls;

        public override DateTimeOffset GetUtcNow() =>
            DateTimeOffset.UnixEpoch.AddYears(50).AddSeconds(Seconds[Interlocked.Increment(ref _calls) % Seconds.Length]);
    }
}
