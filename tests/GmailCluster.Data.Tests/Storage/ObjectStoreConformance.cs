using System.Globalization;
using System.Text;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>What every <see cref="IObjectStore"/> promises. A store's test class inherits all of it and says how to make one.</summary>
public abstract class ObjectStoreConformance
{
    /// <summary>A fresh, empty store.</summary>
    protected abstract IObjectStore CreateStore();

    /// <summary>A second client of the same store, as another process would have.</summary>
    protected abstract IObjectStore Another(IObjectStore store);

    /// <summary>What another process needs to reach the store by its location; null for nothing.</summary>
    protected virtual string? ConnectionString => null;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public async Task What_was_written_is_read_back()
    {
        var store = CreateStore();

        var put = await store.PutBytes("runs/a/state.json", Utf8("hello"), cancellationToken: Token);

        Assert.True(put.Written);
        Assert.Equal("hello", Encoding.UTF8.GetString(await store.ReadAllBytes("runs/a/state.json", Token)));
        var info = await store.Stat("runs/a/state.json", Token);
        Assert.Equal(("runs/a/state.json", 5L, put.ETag), (info!.Key, info.LengthBytes, info.ETag));
        Assert.InRange(info.LastModified, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(5));
    }

    [Fact]
    public async Task An_empty_object_is_an_object()
    {
        var store = CreateStore();

        await store.PutBytes("COMMIT", Array.Empty<byte>(), cancellationToken: Token);

        Assert.Equal(0, (await store.Stat("COMMIT", Token))!.LengthBytes);
        Assert.Empty(await store.ReadAllBytes("COMMIT", Token));
    }

    [Fact]
    public async Task Content_is_streamed_whole_from_a_stream_that_cannot_seek()
    {
        var store = CreateStore();
        var content = Bytes(3_000_001);

        await using var trickle = new TrickleStream(content);
        await store.Put("big", trickle, PutCondition.Always, Token);

        Assert.Equal(content, await store.ReadAllBytes("big", Token));
    }

    [Fact]
    public async Task An_absent_object_has_no_stat_and_cannot_be_read_or_deleted()
    {
        var store = CreateStore();
        await store.PutBytes("a/b", Utf8("x"), cancellationToken: Token);

        foreach (var key in new[] { "nowhere", "a", "a/b/c", "a/bb" })
        {
            Assert.Null(await store.Stat(key, Token));
            var error = await Assert.ThrowsAsync<ObjectNotFoundException>(() => store.OpenRead(key, 0, null, Token));
            Assert.Equal(key, error.Key);
            Assert.False(await store.Delete(key, null, Token));
        }
    }

    [Theory]
    [InlineData(0, null, "0123456789")]
    [InlineData(3, null, "3456789")]
    [InlineData(3, 4, "3456")]
    [InlineData(0, 0, "")]
    [InlineData(8, 100, "89")]
    [InlineData(10, null, "")]
    [InlineData(99, 5, "")]
    public async Task A_range_is_what_lies_inside_the_object(long offset, int? length, string expected)
    {
        var store = CreateStore();
        await store.PutBytes("digits", Utf8("0123456789"), cancellationToken: Token);

        await using var stream = await store.OpenRead("digits", offset, length, Token);

        using var reader = new StreamReader(stream);
        Assert.Equal(expected, await reader.ReadToEndAsync(Token));
    }

    [Fact]
    public async Task When_absent_writes_once()
    {
        var store = CreateStore();

        var first = await store.PutBytes("k", Utf8("first"), PutCondition.WhenAbsent, Token);
        var second = await store.PutBytes("k", Utf8("second"), PutCondition.WhenAbsent, Token);

        Assert.True(first.Written);
        Assert.False(second.Written);
        Assert.True(second.ETag is null || second.ETag == first.ETag);
        Assert.Equal(Utf8("first"), await store.ReadAllBytes("k", Token));
    }

    [Fact]
    public async Task When_matches_writes_over_exactly_that_version()
    {
        var store = CreateStore();
        var first = await store.PutBytes("k", Utf8("first"), cancellationToken: Token);

        var second = await store.PutBytes("k", Utf8("other"), PutCondition.WhenMatches(first.ETag!), Token);
        var stale = await store.PutBytes("k", Utf8("stale"), PutCondition.WhenMatches(first.ETag!), Token);
        var absent = await store.PutBytes("nowhere", Utf8("x"), PutCondition.WhenMatches(first.ETag!), Token);

        Assert.True(second.Written);
        Assert.False(stale.Written);
        Assert.False(absent.Written);
        Assert.Null(await store.Stat("nowhere", Token));
        Assert.Equal(Utf8("other"), await store.ReadAllBytes("k", Token));
    }

    [Fact]
    public async Task Every_write_of_other_content_has_another_etag()
    {
        var store = CreateStore();
        var seen = new HashSet<string>();

        // Same length, back to back: what a timestamp alone would confuse.
        for (var i = 0; i < 50; i++)
        {
            var put = await store.PutBytes("k", Utf8(i.ToString("d3", CultureInfo.InvariantCulture)), cancellationToken: Token);
            Assert.True(seen.Add(put.ETag!), $"write {i} repeats the ETag {put.ETag}");
        }
    }

    [Fact]
    public async Task Delete_removes_the_version_it_names()
    {
        var store = CreateStore();
        var old = await store.PutBytes("a/k", Utf8("old"), cancellationToken: Token);
        var now = await store.PutBytes("a/k", Utf8("now"), cancellationToken: Token);

        Assert.False(await store.Delete("a/k", old.ETag, Token));
        Assert.NotNull(await store.Stat("a/k", Token));
        Assert.True(await store.Delete("a/k", now.ETag, Token));
        Assert.Null(await store.Stat("a/k", Token));
        Assert.False(await store.Delete("a/k", null, Token));
    }

    [Fact]
    public async Task A_name_that_was_a_folder_may_become_an_object_once_it_is_empty()
    {
        var store = CreateStore();
        await store.PutBytes("a/b/c", Utf8("x"), cancellationToken: Token);
        await store.Delete("a/b/c", null, Token);

        await store.PutBytes("a", Utf8("y"), cancellationToken: Token);

        Assert.Equal(Utf8("y"), await store.ReadAllBytes("a", Token));
    }

    [Fact]
    public async Task Listing_is_in_ordinal_order_of_whole_keys()
    {
        var store = CreateStore();
        string[] keys =
        [
            "a+b", "a-b/x", "a.b", "a.b.c/y", "a/a", "a/b/c", "a/b.x", "a/b-x", "a0", "aB", "a_b", "ab", "Z", "b",
            "runs/k/step-000120/COMMIT", "runs/k/step-000020/COMMIT", "runs/k2",
        ];
        foreach (var key in keys)
        {
            await store.PutBytes(key, Utf8(key), cancellationToken: Token);
        }

        foreach (var prefix in new[] { "", "a", "a/", "a/b", "a.", "a.b", "runs/k", "runs/k/", "runs/k/step-0000", "no", "no/where/" })
        {
            var listed = await store.List(prefix, Token).ToListAsync(Token);
            var expected = keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
            Assert.Equal(expected, listed.Select(i => i.Key));
            Assert.All(listed, i => Assert.Equal(i.Key.Length, i.LengthBytes));
        }
    }

    [Fact]
    public async Task A_listing_over_many_pages_is_whole_and_in_order()
    {
        var store = CreateStore();
        var keys = Enumerable.Range(0, 143).Select(i => string.Create(CultureInfo.InvariantCulture, $"images/{i % 7}/{(i * 37) % 143:d3}.tar")).ToArray();
        await Parallel.ForEachAsync(keys, Token, async (key, token) => await store.PutBytes(key, Utf8(key), cancellationToken: token));

        var listed = await store.List("images/", Token).ToListAsync(Token);

        Assert.Equal(keys.Order(StringComparer.Ordinal), listed.Select(i => i.Key));
    }

    [Fact]
    public async Task A_range_of_a_large_object_is_read_without_the_rest()
    {
        var store = CreateStore();
        var content = Bytes(400_000);
        await store.PutBytes("large", content, cancellationToken: Token);

        foreach (var (offset, length) in new[] { (0, 1), (65_535, 2), (131_071, 65_538), (399_999, 1), (1, 399_999) })
        {
            await using var stream = await store.OpenRead("large", offset, length, Token);
            using var memory = new MemoryStream();
            await stream.CopyToAsync(memory, Token);
            Assert.Equal(content[offset..(offset + length)], memory.ToArray());
        }
    }

    [Fact]
    public async Task Large_content_is_written_from_where_its_stream_stands()
    {
        var store = CreateStore();
        var content = Bytes(300_000);
        using var stream = new MemoryStream(content) { Position = 1_000 };

        Assert.True((await store.Put("large", stream, PutCondition.WhenAbsent, Token)).Written);

        Assert.Equal(content[1_000..], await store.ReadAllBytes("large", Token));
    }

    [Fact]
    public async Task Conditions_hold_for_large_content_as_for_small()
    {
        var store = CreateStore();
        var first = await store.PutBytes("large", Bytes(300_000), PutCondition.WhenAbsent, Token);

        var again = await store.PutBytes("large", Bytes(200_000), PutCondition.WhenAbsent, Token);
        var second = await store.PutBytes("large", Bytes(250_000), PutCondition.WhenMatches(first.ETag!), Token);
        var stale = await store.PutBytes("large", Bytes(200_000), PutCondition.WhenMatches(first.ETag!), Token);

        Assert.Equal((true, false, true, false), (first.Written, again.Written, second.Written, stale.Written));
        Assert.Equal(Bytes(250_000), await store.ReadAllBytes("large", Token));
    }

    [Theory]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(196_608)]
    public async Task Content_of_about_a_blocks_length_is_whole(int length)
    {
        var store = CreateStore();

        await store.PutBytes("seekable", Bytes(length), cancellationToken: Token);
        await using var trickle = new TrickleStream(Bytes(length));
        await store.Put("trickle", trickle, PutCondition.Always, Token);

        Assert.Equal(Bytes(length), await store.ReadAllBytes("seekable", Token));
        Assert.Equal(Bytes(length), await store.ReadAllBytes("trickle", Token));
    }

    [Fact]
    public async Task Many_writers_of_the_same_large_content_all_succeed_and_one_wins()
    {
        var store = CreateStore();
        IObjectStore[] clients = [store, Another(store), Another(store)];

        var puts = await Task.WhenAll(clients.Select(client => Task.Run(() => client.PutBytes("large", Bytes(300_000), PutCondition.WhenAbsent, Token))));
        await Task.WhenAll(clients.Select(client => Task.Run(() => client.PutBytes("always", Bytes(300_000), PutCondition.Always, Token))));

        Assert.Single(puts, put => put.Written);
        Assert.Equal(Bytes(300_000), await store.ReadAllBytes("large", Token));
        Assert.Equal(Bytes(300_000), await store.ReadAllBytes("always", Token));
    }

    [Fact]
    public async Task Listing_shows_the_etags_of_stat()
    {
        var store = CreateStore();
        await store.PutBytes("a/1", Utf8("x"), cancellationToken: Token);

        var listed = Assert.Single(await store.List("a/", Token).ToListAsync(Token));

        Assert.Equal(await store.Stat("a/1", Token), listed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("a/../b")]
    [InlineData("..")]
    [InlineData("a/./b")]
    [InlineData("a./b")]
    [InlineData("a...")]
    [InlineData("a b")]
    [InlineData("a\\b")]
    [InlineData("%2e%2e/b")]
    [InlineData("C:/b")]
    [InlineData("\uff0e\uff0e/b")]
    [InlineData("a~b")]
    [InlineData("na\u00efve")]
    [InlineData("a\0b")]
    public async Task A_key_that_breaks_the_rules_is_refused_everywhere(string key)
    {
        var store = CreateStore();

        await Assert.ThrowsAsync<InputException>(() => store.Stat(key, Token));
        await Assert.ThrowsAsync<InputException>(() => store.OpenRead(key, 0, null, Token));
        await Assert.ThrowsAsync<InputException>(() => store.PutBytes(key, Utf8("x"), cancellationToken: Token));
        await Assert.ThrowsAsync<InputException>(() => store.Delete(key, null, Token));
    }

    [Fact]
    public async Task A_key_may_have_512_characters_and_no_more()
    {
        var store = CreateStore();
        var longest = string.Join('/', Enumerable.Repeat(new string('k', 63), 8)) + "k";
        Assert.Equal(512, longest.Length);

        await store.PutBytes(longest, Utf8("x"), cancellationToken: Token);

        Assert.NotNull(await store.Stat(longest, Token));
        await Assert.ThrowsAsync<InputException>(() => store.Stat(longest + "k", Token));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("a//")]
    [InlineData("../")]
    [InlineData("a/../")]
    [InlineData("a b")]
    public async Task A_prefix_that_no_key_starts_with_is_refused(string prefix) =>
        await Assert.ThrowsAsync<InputException>(async () => await CreateStore().List(prefix, Token).ToListAsync(Token));

    [Fact]
    public async Task Of_many_writers_when_absent_exactly_one_wins()
    {
        var store = CreateStore();
        IObjectStore[] clients = [store, Another(store), Another(store)];

        for (var round = 0; round < 5; round++)
        {
            var key = $"race/{round}";
            var line = new StartingLine(24); // all have found the key absent before the first of them may write it
            var results = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Run(
                async () => (i, Put: await clients[i % clients.Length].Put(
                    key, line.Source(Utf8($"writer {i:d2}")), PutCondition.WhenAbsent, Token)))));

            var winner = Assert.Single(results, r => r.Put.Written);
            Assert.Equal($"writer {winner.i:d2}", Encoding.UTF8.GetString(await store.ReadAllBytes(key, Token)));
        }
    }

    [Fact]
    public async Task A_counter_under_compare_and_swap_loses_no_increment()
    {
        var store = CreateStore();
        IObjectStore[] clients = [store, Another(store), Another(store)];
        await store.PutJson("counter", 0, cancellationToken: Token);

        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => Increment(clients[i % clients.Length], "counter", 10))));

        Assert.Equal(60, await store.ReadJson<int>("counter", Token));
    }

    [Fact]
    public async Task Readers_see_whole_versions_while_writers_write()
    {
        var store = CreateStore();
        var another = Another(store);
        await store.PutBytes("k", Version(0), cancellationToken: Token);

        var writing = Task.Run(
            async () =>
            {
                for (var i = 1; i <= 30; i++)
                {
                    await store.PutBytes("k", Version(i), cancellationToken: Token);
                }
            },
            Token);
        do
        {
            var seen = await another.ReadAllBytes("k", Token);
            Assert.Equal(Version(seen[0]), seen);
        }
        while (!writing.IsCompleted);

        await writing;

        static byte[] Version(int i) => [.. Enumerable.Repeat((byte)i, 100_000 + i)];
    }

    [Fact]
    public async Task A_reader_that_has_opened_a_version_keeps_it()
    {
        var store = CreateStore();
        await store.PutBytes("k", Utf8("first"), cancellationToken: Token);
        await using var stream = await store.OpenRead("k", 0, null, Token);

        await store.PutBytes("k", Utf8("other"), cancellationToken: Token);

        using var reader = new StreamReader(stream);
        Assert.Equal("first", await reader.ReadToEndAsync(Token));
    }

    [Fact]
    public async Task A_write_whose_source_fails_leaves_the_old_object_and_nothing_else()
    {
        var store = CreateStore();
        await store.PutBytes("a/k", Utf8("old"), cancellationToken: Token);

        await using var source = new TrickleStream(new byte[100_000], failAfterBytes: 50_000);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => store.Put("a/k", source, PutCondition.Always, Token));
        await using var again = new TrickleStream(new byte[100_000], failAfterBytes: 50_000);
        await Assert.ThrowsAsync<InvalidDataException>(() => store.Put("a/new", again, PutCondition.Always, Token));

        Assert.Equal("the source broke", error.Message);
        Assert.Equal(["a/k"], (await store.List("", Token).ToListAsync(Token)).Select(i => i.Key));
        Assert.Equal(Utf8("old"), await store.ReadAllBytes("a/k", Token));
    }

    [Fact]
    public async Task A_cancelled_write_is_cancelled_and_leaves_nothing()
    {
        var store = CreateStore();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var source = new TrickleStream(new byte[100_000], onRead: position =>
        {
            if (position > 50_000)
            {
                cancel.Cancel();
            }
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.Put("k", source, PutCondition.Always, cancel.Token));

        Assert.Empty(await store.List("", Token).ToListAsync(Token));
    }

    [Fact]
    public async Task Json_is_written_in_snake_case_and_read_back_with_its_version()
    {
        var store = CreateStore();
        var put = await store.PutJson("v.json", new Versioned(3, "x"), cancellationToken: Token);

        var read = await store.TryReadJson<Versioned>("v.json", Token);

        Assert.Equal((new Versioned(3, "x"), put.ETag!), read);
        Assert.Equal("{\n  \"step_count\": 3,\n  \"name\": \"x\"\n}", Encoding.UTF8.GetString(await store.ReadAllBytes("v.json", Token)));
        Assert.Null(await store.TryReadJson<Versioned>("nowhere.json", Token));
    }

    [Theory]
    [InlineData("{\"step_count\": 3")]
    [InlineData("{\"step_count\": 3}")]
    [InlineData("{\"step_count\": \"three\", \"name\": \"x\"}")]
    [InlineData("null")]
    [InlineData("")]
    public async Task Json_that_does_not_fit_is_refused_with_its_key(string text)
    {
        var store = CreateStore();
        await store.PutBytes("v.json", Utf8(text), cancellationToken: Token);

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => store.ReadJson<Versioned>("v.json", Token));

        Assert.Contains("v.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_processes_lose_no_increment_and_one_wins_the_race()
    {
        var store = CreateStore();
        await store.PutJson("counter", 0, cancellationToken: Token);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            using var worker = StoreWorker.Start(store.Location, increments: 20, ConnectionString);
            await using var killed = limit.Token.Register(worker.Kill);
            var output = worker.StandardOutput.ReadToEndAsync(Token);
            var errors = await worker.StandardError.ReadToEndAsync(Token);
            await worker.WaitForExitAsync(Token);
            Assert.True(worker.ExitCode == 0, errors);
            return (output: await output, worker.Id);
        }));

        var winner = Assert.Single(outcomes, o => o.output == "won");
        Assert.Equal(winner.Id, BitConverter.ToInt32(await store.ReadAllBytes("race", Token)));
        Assert.Equal(60, await store.ReadJson<int>("counter", Token));
    }

    protected static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)(i * 31 >> 3);
        }

        return bytes;
    }

    internal static async Task Increment(IObjectStore store, string key, int times)
    {
        for (var done = 0; done < times;)
        {
            var (value, etag) = (await store.TryReadJson<int>(key, Token))!.Value;
            done += (await store.PutJson(key, value + 1, PutCondition.WhenMatches(etag), Token)).Written ? 1 : 0;
        }
    }

    private sealed record Versioned(int StepCount, string Name);
}
