using System.Globalization;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Randomness;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>The store behind a network that loses requests and answers, throttles, cuts and stalls: nothing lost, nothing doubled.</summary>
public sealed class AzureFaultTests
{
    private static readonly byte[] Large = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31 >> 3))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task A_write_whose_answer_was_lost_knows_itself(int length)
    {
        var store = AzuriteStores.New();
        await using var proxy = new FaultProxy(Once(request => IsWrite(request, length), Fault.LoseAnswer));
        var client = AzuriteStores.Through(proxy.Port, store);

        var made = await client.PutBytes("k", Large.AsMemory(0, length), PutCondition.WhenAbsent, Token);
        var replaced = await store.PutBytes("k", Large.AsMemory(0, length), PutCondition.WhenMatches(made.ETag!), Token);

        Assert.True(made.Written);
        Assert.True(replaced.Written);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task A_replacement_whose_answer_was_lost_knows_itself(int length)
    {
        var store = AzuriteStores.New();
        var first = await store.PutBytes("k", new byte[] { 1 }, cancellationToken: Token);
        await using var proxy = new FaultProxy(Once(request => IsWrite(request, length), Fault.LoseAnswer));

        var put = await AzuriteStores.Through(proxy.Port, store).PutBytes("k", Large.AsMemory(0, length), PutCondition.WhenMatches(first.ETag!), Token);

        Assert.True(put.Written);
        Assert.Equal((await store.Stat("k", Token))!.ETag, put.ETag);
    }

    [Fact]
    public async Task A_write_whose_answer_was_lost_knows_itself_under_what_others_wrote_on_top()
    {
        var store = AzuriteStores.New();
        var first = await store.PutBytes("k", new byte[] { 0 }, cancellationToken: Token);
        var lost = Fault.LoseAnswer;
        var othersAreDone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var writes = 0;
        await using var proxy = new FaultProxy(request => request.Method != "PUT" ? Fault.None : ++writes == 1 ? lost : Fault.Held(othersAreDone.Task));
        var mine = AzuriteStores.Through(proxy.Port, store).PutBytes("k", new byte[] { 1 }, PutCondition.WhenMatches(first.ETag!), Token);
        await lost.Arrived.Task.WaitAsync(Token);

        // Another client, which has not seen that version before, and the one who made the first.
        var etag = (await store.Stat("k", Token))!.ETag;
        var second = await AzuriteStores.Through(Azurite.Shared.Port, store).PutBytes("k", new byte[] { 2 }, PutCondition.WhenMatches(etag), Token);
        await store.PutBytes("k", new byte[] { 3 }, PutCondition.WhenMatches(second.ETag!), Token);
        othersAreDone.SetResult();
        var put = await mine;

        Assert.True(put.Written);
        Assert.False((await store.PutBytes("k", new byte[] { 4 }, PutCondition.WhenMatches(put.ETag!), Token)).Written); // what it wrote is not what is there
        Assert.Equal([3], await store.ReadAllBytes("k", Token));
    }

    [Fact]
    public async Task A_write_that_never_arrived_and_came_too_late_knows_that_it_lost()
    {
        var store = AzuriteStores.New();
        var othersAreDone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var proxy = new FaultProxy(request =>
        {
            begun.TrySetResult();
            return request.Number == 1 ? Fault.LoseRequest : Fault.Held(othersAreDone.Task);
        });
        var mine = AzuriteStores.Through(proxy.Port, store).PutBytes("k", "mine!"u8.ToArray(), PutCondition.WhenAbsent, Token);
        await begun.Task.WaitAsync(Token);

        var other = await store.PutBytes("k", "other"u8.ToArray(), PutCondition.WhenAbsent, Token);
        othersAreDone.SetResult();

        Assert.Equal(new PutResult(false, other.ETag), await mine);
        Assert.Equal("other"u8.ToArray(), await store.ReadAllBytes("k", Token));
    }

    [Fact]
    public async Task A_delete_whose_answer_was_lost_says_that_it_deleted()
    {
        var store = AzuriteStores.New();
        await store.PutBytes("k", new byte[] { 1 }, cancellationToken: Token);
        await using var proxy = new FaultProxy(Once(request => request.Method == "DELETE", Fault.LoseAnswer));

        Assert.True(await AzuriteStores.Through(proxy.Port, store).Delete("k", null, Token));
        Assert.Null(await store.Stat("k", Token));
    }

    [Fact]
    public async Task Blocks_that_another_writer_made_void_are_sent_again()
    {
        var store = AzuriteStores.New();
        var otherIsDone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var committing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var proxy = new FaultProxy(request =>
        {
            if (!request.CommitsBlocks || !committing.TrySetResult())
            {
                return Fault.None;
            }

            return Fault.Held(otherIsDone.Task);
        });
        await using var trickle = new TrickleStream(Large);
        var mine = AzuriteStores.Through(proxy.Port, store).Put("k", trickle, PutCondition.Always, Token);
        await committing.Task.WaitAsync(Token);

        await store.PutBytes("k", Large.AsMemory(0, 250_000), cancellationToken: Token);
        otherIsDone.SetResult();

        Assert.True((await mine).Written);
        Assert.Equal(Large, await store.ReadAllBytes("k", Token));
    }

    [Fact]
    public async Task A_counter_behind_a_bad_network_loses_no_increment_and_counts_none_twice()
    {
        var store = AzuriteStores.New();
        await store.PutJson("counter", 0, cancellationToken: Token);
        await using var proxy = new FaultProxy(Bad("counter", perMille: 200));
        var clients = Enumerable.Range(0, 4).Select(_ => AzuriteStores.Through(proxy.Port, store)).ToArray();

        await Task.WhenAll(clients.Select(client => Task.Run(() => ObjectStoreConformance.Increment(client, "counter", 10))));

        Assert.Equal(40, await store.ReadJson<int>("counter", Token));
    }

    [Fact]
    public async Task Large_content_crosses_a_bad_network_whole()
    {
        var store = AzuriteStores.New();
        await using var proxy = new FaultProxy(Bad("large", perMille: 200));
        var client = AzuriteStores.Through(proxy.Port, store);
        var keys = Enumerable.Range(0, 6).Select(i => string.Create(CultureInfo.InvariantCulture, $"shards/{i}")).ToArray();

        var puts = await Task.WhenAll(keys.Select(key => client.PutBytes(key, Large, PutCondition.WhenAbsent, Token)));
        var read = await Task.WhenAll(keys.Select(key => client.ReadAllBytes(key, Token)));

        Assert.All(puts, put => Assert.True(put.Written));
        Assert.All(read, bytes => Assert.Equal(Large, bytes));
        Assert.Equal(keys, (await client.List("shards/", Token).ToListAsync(Token)).Select(i => i.Key));
    }

    [Fact]
    public async Task A_listing_over_a_bad_network_is_whole()
    {
        var store = AzuriteStores.New();
        var keys = Enumerable.Range(0, 60).Select(i => string.Create(CultureInfo.InvariantCulture, $"k/{i:d2}")).ToArray();
        await Parallel.ForEachAsync(keys, Token, async (key, token) => await store.PutBytes(key, new byte[] { 1 }, cancellationToken: token));
        await using var proxy = new FaultProxy(Bad("listing", perMille: 300));

        Assert.Equal(keys, (await AzuriteStores.Through(proxy.Port, store).List("", Token).ToListAsync(Token)).Select(i => i.Key));
    }

    [Fact]
    public async Task A_read_that_broke_goes_on_in_the_same_version_or_begins_again()
    {
        var store = AzuriteStores.New();
        await store.PutBytes("k", Large, cancellationToken: Token);
        await using var cutting = new FaultProxy(Once(request => request.Method == "GET", Fault.CutAnswer));
        Assert.Equal(Large, await AzuriteStores.Through(cutting.Port, store).ReadAllBytes("k", Token));

        var replaced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var again = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var proxy = new FaultProxy(request => request.Number == 1 ? Fault.CutAnswer : Held());
        var client = AzuriteStores.Through(proxy.Port, store);
        var whole = client.ReadAllBytes("k", Token);
        await again.Task.WaitAsync(Token);
        await store.PutBytes("k", Large.AsMemory(1), cancellationToken: Token);
        replaced.SetResult();

        Assert.Equal(Large[1..], await whole);

        Fault Held()
        {
            again.TrySetResult();
            return Fault.Held(replaced.Task);
        }
    }

    [Fact]
    public async Task A_value_and_its_version_are_one_request()
    {
        var store = AzuriteStores.New();
        var put = await store.PutJson("k", 1, cancellationToken: Token);
        await using var proxy = new FaultProxy(_ => Fault.None);
        var client = AzuriteStores.Through(proxy.Port, store);

        var read = await client.TryReadJson<int>("k", Token);
        var written = await client.PutJson("k", 2, PutCondition.WhenMatches(read!.Value.ETag), Token);

        Assert.Equal((1, put.ETag!), read);
        Assert.True(written.Written);
        Assert.Equal(2, proxy.RequestCount);
    }

    [Fact]
    public async Task Throttling_is_waited_out_within_limits()
    {
        var store = AzuriteStores.New();
        await using var brief = new FaultProxy(request => request.Number <= 4 ? Fault.Error(503, "ServerBusy") : Fault.None);
        await using var lasting = new FaultProxy(_ => Fault.Error(503, "ServerBusy"));

        Assert.True((await AzuriteStores.Through(brief.Port, store).PutBytes("k", new byte[] { 1 }, PutCondition.WhenAbsent, Token)).Written);
        var error = await Assert.ThrowsAsync<GmailClusterException>(() => AzuriteStores.Through(lasting.Port, store).PutBytes("l", new byte[] { 1 }, PutCondition.WhenAbsent, Token));

        Assert.Equal(5, brief.RequestCount);
        Assert.Equal(1 + AzuriteStores.Small.RetryCount, lasting.RequestCount);
        Assert.Contains("throttled and stayed so", error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_falls_silent_is_given_up_and_asked_again()
    {
        var store = AzuriteStores.New();
        var never = new TaskCompletionSource();
        await using var proxy = new FaultProxy(request => request.Number <= 2 ? Fault.Held(never.Task) : Fault.None);
        await using var dead = new FaultProxy(_ => Fault.Held(never.Task));
        var settings = AzuriteStores.Small with { NetworkTimeout = TimeSpan.FromMilliseconds(400), RetryCount = 3 };

        Assert.True((await AzuriteStores.Through(proxy.Port, store, settings).PutBytes("k", new byte[] { 1 }, PutCondition.WhenAbsent, Token)).Written);
        var error = await Assert.ThrowsAsync<GmailClusterException>(
            () => AzuriteStores.Through(dead.Port, store, settings with { RetryCount = 1 }).Stat("k", Token));

        Assert.Contains("did not answer in time", error.Problem, StringComparison.Ordinal);
        Assert.Equal(2, dead.RequestCount);
    }

    [Fact]
    public async Task Content_waits_at_its_source_while_blocks_are_on_their_way()
    {
        var store = AzuriteStores.New();
        var settings = AzuriteStores.Small;
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocks = 0;
        await using var proxy = new FaultProxy(request =>
        {
            if (request.IsBlock && Interlocked.Increment(ref blocks) == settings.BlocksInFlight)
            {
                full.SetResult();
            }

            return request.IsBlock ? Fault.Held(open.Task) : Fault.None;
        });
        using var source = new MemoryStream(new byte[2_000_000]);
        var put = AzuriteStores.Through(proxy.Port, store).Put("k", source, PutCondition.Always, Token);
        await full.Task.WaitAsync(Token);

        Assert.InRange(source.Position, 1, (settings.BlocksInFlight + 1) * settings.BlockBytes);
        open.SetResult();
        await put;

        Assert.Equal(2_000_000, (await store.Stat("k", Token))!.LengthBytes);
    }

    private static bool IsWrite(ProxiedRequest request, int length) => length > AzuriteStores.BlockBytes ? request.CommitsBlocks : request.Method == "PUT";

    // The first request of its kind fares so, all others well.
    private static Func<ProxiedRequest, Fault> Once(Func<ProxiedRequest, bool> isIt, Fault fault)
    {
        var done = 0;
        return request => isIt(request) && Interlocked.Exchange(ref done, 1) == 0 ? fault : Fault.None;
    }

    // Each request's fate is a function of its number.
    private static Func<ProxiedRequest, Fault> Bad(string purpose, int perMille) => request =>
    {
        var random = CounterRandom.For(1, purpose, request.Number.ToString(CultureInfo.InvariantCulture));
        if (random.NextUInt32() % 1000 >= perMille)
        {
            return Fault.None;
        }

        return (random.NextUInt32() % 6) switch
        {
            0 => Fault.LoseRequest,
            1 => Fault.LoseAnswer,
            2 => Fault.CutAnswer,
            3 => Fault.Error(503, "ServerBusy"),
            4 => Fault.Error(500, "InternalError"),
            _ => Fault.Held(Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System)),
        };
    };
}
