using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CsCheck;
using GmailCluster.Cluster.Exchange;
using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Tests.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

/// <summary>Who is let in, who is not, and that the latter is counted.</summary>
public sealed class DataPlaneAdmissionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_silo_with_another_secret_is_refused()
    {
        await using var world = new TcpWorld(2, (silo, options) => options.Secret += silo);

        var lost = await JoinBoth(world);

        Assert.Contains("another cluster secret", lost.Message, StringComparison.Ordinal);
        Assert.Equal("silo-0", lost.Silo);
        Assert.Equal(1, world.Logged(": wrong_secret."));
        Assert.DoesNotContain(TcpWorld.Secret, lost.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_of_another_cluster_is_refused()
    {
        await using var world = new TcpWorld(2, (silo, options) => options.ClusterId = $"cluster {silo}");

        var lost = await JoinBoth(world);

        Assert.Contains("another cluster", lost.Message, StringComparison.Ordinal);
        Assert.Equal(1, world.Logged(": foreign_cluster."));
    }

    [Fact]
    public async Task A_silo_with_an_older_plan_is_refused()
    {
        await using var world = new TcpWorld(3);
        var newer = ((IDataPlaneWorld)world).Plans([1, 1, 1], generationNumber: 8);
        var older = ((IDataPlaneWorld)world).Plans([1, 1, 1], generationNumber: 7);
        var joining = new[] { world.Planes[0].Join(newer[0], Token), world.Planes[1].Join(newer[1], Token) };

        var lost = await Assert.ThrowsAsync<PeerLostException>(() => world.Planes[2].Join(older[2], Token));

        Assert.Contains("generation number 8", lost.Message, StringComparison.Ordinal);
        Assert.InRange(world.Logged(": generation_number."), 1, 2); // the first refusal may end the second call
        await world.Planes[2].Join(newer[2], Token);
        await Task.WhenAll(joining);
    }

    [Fact]
    public async Task A_frame_of_another_generation_number_ends_the_exchange()
    {
        await using var world = new TcpWorld(1);
        var (exchange, peer) = await Exchange(world);
        using (peer)
        {
            var gathering = exchange.AllGather(0, "rows", new byte[1], Token);

            var frame = new byte[FrameHeader.Size];
            new FrameHeader(0, FrameType.Heartbeat, 0, 0, 2, FrameHeader.RunTag(exchange.Plan.Run), 0, 0, 0, 0).Write(frame);
            await peer.Send(frame);

            var lost = await Assert.ThrowsAsync<PeerLostException>(() => gathering);
            Assert.Contains("another plan", lost.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_listener_that_does_not_know_the_secret_is_not_believed()
    {
        await using var world = new TcpWorld(1);
        using var impostor = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        impostor.Start();
        var accepting = Task.Run(
            async () =>
            {
                using var socket = await impostor.AcceptSocketAsync(Token);
                await using var stream = new System.Net.Sockets.NetworkStream(socket);
                var (caller, verdict) = new Handshake("a secret that was guessed").Listen(stream, "tests");
                Assert.Null(caller);
                Handshake.Refuse(stream, verdict);
                return verdict;
            },
            Token);

        await Assert.ThrowsAsync<PeerLostException>(() => world.Planes[0].Fetch(impostor.LocalEndpoint.ToString()!, new ArtifactKey("run"), Token));
        Assert.Equal(Verdict.WrongSecret, await accepting);

        // One that says "accepted" all the same has no proof of it.
        var lying = Task.Run(
            async () =>
            {
                using var socket = await impostor.AcceptSocketAsync(Token);
                await using var stream = new System.Net.Sockets.NetworkStream(socket);
                await stream.ReadExactlyAsync(new byte[2], Token);
                await stream.WriteAsync(new byte[33 + 41 + 1000], Token);
                await stream.CopyToAsync(Stream.Null, Token);
            },
            Token);

        var lost = await Assert.ThrowsAsync<PeerLostException>(() => world.Planes[0].Fetch(impostor.LocalEndpoint.ToString()!, new ArtifactKey("run"), Token));
        Assert.Contains("does not know the cluster secret", lost.Message, StringComparison.Ordinal);
        await lying.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_silo_that_says_nothing_is_given_up_in_time()
    {
        await using var world = new TcpWorld(1, (_, options) => options.JoinTimeout = TimeSpan.FromSeconds(0.3));
        using var mute = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        mute.Start();
        var address = mute.LocalEndpoint.ToString()!;
        ExchangeMember[] members = [new("mute", address, 0, 1), new("silo-0", world[0].Address, 1, 1)];

        var lost = await Assert.ThrowsAsync<PeerLostException>(() => world[0].Join(new ExchangePlan(new ArtifactKey("run"), 1, 2, members, 1), Token));
        Assert.Equal("mute", lost.Silo);
        await Assert.ThrowsAsync<PeerLostException>(() => world[0].Fetch(address, new ArtifactKey("run"), Token));

        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var fetching = world[0].Fetch(address, new ArtifactKey("run"), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetching);
    }

    [Fact]
    public async Task An_old_proof_does_not_serve_again()
    {
        await using var world = new TcpWorld(1);
        var handshake = new Handshake(TcpWorld.Secret);
        using var recorded = new MemoryStream();
        using (var honest = await RawPeer.Connect(world[0].Address))
        {
            await using var tap = new TapStream(honest.Stream, recorded);
            var answer = await Task.Run(() => handshake.Call(tap, Hello.ToFetch("tests", new ArtifactKey("run"))), Token);
            Assert.True(answer.IsProven);
        }

        using var replay = await RawPeer.Connect(world[0].Address);
        await replay.Send(recorded.ToArray());
        await replay.Closed();

        Assert.Equal(1, world.Logged(": wrong_secret."));
    }

    [Fact]
    public async Task Whoever_is_not_done_in_time_or_sends_garbage_is_closed_and_others_are_served()
    {
        await using var world = new TcpWorld(2, (_, options) => options.HandshakeTimeout = TimeSpan.FromSeconds(0.3));
        var hello = Hello.ToFetch("tests", new ArtifactKey("run")).ToBytes(new byte[32]);
        byte[] message = [(byte)hello.Length, 0, .. hello];

        // Every prefix of an honest start, and one with a byte changed at every place.
        var peers = Enumerable.Range(0, message.Length).SelectMany(i =>
        {
            var changed = message.ToArray();
            changed[i] ^= 0x55;
            return new[] { message[..i], changed };
        }).Append([0xFF, 0xFF]).Append([.. Enumerable.Repeat((byte)'x', 5000)]).Chunk(40);
        foreach (var some in peers)
        {
            await Task.WhenAll(some.Select(async bytes =>
            {
                using var peer = await RawPeer.Connect(world[0].Address);
                await peer.Send(bytes);
                await peer.Closed();
            }));
        }

        Assert.True(world.Logged(": garbage.") > 5);
        Assert.True(world.Logged(": busy.") > 5); // those that said too little
        Assert.True(world.Logged(": foreign_cluster.") > 1);
        Assert.Null(await world.Planes[1].Fetch(world.Planes[0].Address, new ArtifactKey("run"), Token));
    }

    [Fact]
    public async Task More_callers_than_may_wait_are_closed_unheard()
    {
        await using var world = new TcpWorld(1, (_, options) => (options.MaxHandshakes, options.HandshakeTimeout) = (3, TimeSpan.FromMinutes(5)));
        var waiting = new List<RawPeer>();
        for (var i = 0; i < 4; i++)
        {
            waiting.Add(await RawPeer.Connect(world[0].Address));
        }

        var closed = waiting.Select(peer => peer.Closed()).ToArray();
        await Task.WhenAny(closed);

        Assert.Equal(1, world.Logged(": busy."));
        Assert.Equal(1, closed.Count(closing => closing.IsCompleted));
        waiting.ForEach(peer => peer.Dispose());
        await Task.WhenAll(closed).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task Frames_with_anything_in_them_end_the_exchange_or_do_nothing() =>
        await Gen.Select(Gen.Byte.Array[0, 200], Gen.Int[0, FrameHeader.Size - 1], Gen.Byte).SampleAsync(
            async (payload, position, value) =>
            {
                await using var world = new TcpWorld(1);
                var (exchange, peer) = await Exchange(world);
                using (peer)
                {
                    var gathering = exchange.AllGather(0, "rows", new byte[100], Token);
                    var frame = new byte[FrameHeader.Size + payload.Length];
                    new FrameHeader(payload.Length, FrameType.Rows, 4, 0, 1, FrameHeader.RunTag(exchange.Plan.Run), 0, 0, 0, 100).Write(frame);
                    payload.CopyTo(frame, FrameHeader.Size);
                    frame[position] = value;

                    await peer.Send(frame);
                    peer.EndSending();

                    await Assert.ThrowsAsync<PeerLostException>(() => gathering);
                }
            },
            iter: 60, threads: 1);

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    [InlineData(FrameHeader.MaxLength + 1)]
    public async Task A_length_beyond_the_limit_is_refused_before_anything_is_read(int length)
    {
        await using var world = new TcpWorld(1);
        var (exchange, peer) = await Exchange(world);
        using (peer)
        {
            var frame = new byte[FrameHeader.Size];
            new FrameHeader(length, FrameType.Rows, 4, 0, 1, FrameHeader.RunTag(exchange.Plan.Run), 0, 0, 0, 100).Write(frame);
            await peer.Send(frame);
            await peer.Closed();

            var lost = await Assert.ThrowsAsync<PeerLostException>(() => exchange.AllGather(0, "rows", new byte[100], Token));
            Assert.Contains("garbage", lost.InnerException!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_peer_that_gives_without_end_what_nobody_asked_for_is_dropped()
    {
        await using var world = new TcpWorld(1);
        var (exchange, peer) = await Exchange(world);
        using (peer)
        {
            var frame = new byte[FrameHeader.Size + (100 << 10)];
            for (var step = 0; step < 1000; step++)
            {
                new FrameHeader(100 << 10, FrameType.Rows, 4, 0, 1, FrameHeader.RunTag(exchange.Plan.Run), step, 0, 0, 100 << 10).Write(frame);
                await peer.Send(frame);
            }

            await peer.Closed();
            await Assert.ThrowsAsync<PeerLostException>(() => exchange.AllGather(0, "rows", new byte[100], Token));
        }
    }

    [Fact]
    public async Task Late_buckets_wait_until_the_peer_has_room_for_them()
    {
        const int Late = 9;
        await using var world = new TcpWorld(1);
        var (exchange, peer) = await Exchange(world);
        using (peer)
        {
            var sums = Enumerable.Range(0, 12).Select(bucket => exchange.AllReduce(0, bucket, [new float[300_000]], new float[300_000], Token)).ToArray();
            var ready = new byte[FrameHeader.Size];
            new FrameHeader(0, FrameType.Ready, 0, 1, 1, FrameHeader.RunTag(exchange.Plan.Run), 0, Late, 0, 300_000).Write(ready);
            await peer.Send(ready);

            var seen = new HashSet<int>();
            var head = new byte[FrameHeader.Size];
            while (!seen.Contains(Late))
            {
                await peer.Stream.ReadExactlyAsync(head, Token);
                var header = FrameHeader.Read(head);
                await peer.Stream.ReadExactlyAsync(new byte[header.Length], Token);
                if (header.Type == FrameType.Partial)
                {
                    seen.Add(header.Bucket);
                }
            }

            Assert.Equal([.. Enumerable.Range(0, 8), Late], seen.Order());
            await exchange.DisposeAsync();
            await Task.WhenAll(sums.Select(sum => Assert.ThrowsAsync<ObjectDisposedException>(() => sum)));
        }
    }

    [Fact]
    public async Task A_peer_that_ends_within_any_frame_is_lost()
    {
        var frame = new byte[FrameHeader.Size + 104];
        for (var length = 0; length < frame.Length; length += 7)
        {
            await using var world = new TcpWorld(1);
            var (exchange, peer) = await Exchange(world);
            using (peer)
            {
                new FrameHeader(104, FrameType.Rows, 4, 0, 1, FrameHeader.RunTag(exchange.Plan.Run), 0, 0, 0, 100).Write(frame);
                "rows"u8.CopyTo(frame.AsSpan(FrameHeader.Size));
                var gathering = exchange.AllGather(0, "rows", new byte[100], Token);

                await peer.Send(frame[..length]);
                peer.EndSending();

                await Assert.ThrowsAsync<PeerLostException>(() => gathering);
            }
        }
    }

    [Fact]
    public async Task A_peer_that_reads_nothing_is_lost_though_it_speaks()
    {
        await using var world = new TcpWorld(1);
        var (exchange, peer) = await Exchange(world);
        using (peer)
        {
            var frame = new byte[FrameHeader.Size + 1];
            var header = new FrameHeader(0, FrameType.Heartbeat, 0, 0, 1, FrameHeader.RunTag(exchange.Plan.Run), 0, 0, 0, 0);
            var gathering = exchange.AllGather(0, "rows", new byte[64 << 20], Token);
            (header with { Type = FrameType.Ready, Length = 4, NameLength = 4, Total = 64 << 20 }).Write(frame);
            await peer.Send([.. frame[..FrameHeader.Size], .. "rows"u8]);
            header.Write(frame);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (!gathering.IsCompleted && await timer.WaitForNextTickAsync(Token))
            {
                await peer.Send(frame[..FrameHeader.Size]);
            }

            var lost = await Assert.ThrowsAsync<PeerLostException>(() => gathering);
            Assert.Contains("read nothing", lost.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Refusals_are_counted_by_reason()
    {
        var counted = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "gmailcluster.exchange.refusals") // by name: the field is set only after this call
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => counted.AddOrUpdate((string)tags[0].Value!, value, (_, sum) => sum + value));
        listener.Start();

        await A_silo_with_another_secret_is_refused();
        await A_silo_of_another_cluster_is_refused();
        await A_silo_with_an_older_plan_is_refused();
        await A_frame_of_another_generation_number_ends_the_exchange();

        // Other tests may be at it, too.
        Assert.All(["wrong_secret", "foreign_cluster", "generation_number"], reason => Assert.True(counted.GetValueOrDefault(reason) > 0, reason));
        Assert.True(counted["generation_number"] >= 2);
    }

    // The plane of silo 0 joins a plan whose other member is a raw connection.
    private static async Task<(IRunExchange Exchange, RawPeer Peer)> Exchange(TcpWorld world)
    {
        ExchangeMember[] members = [new("silo-0", world[0].Address, 0, 1), new("raw", "127.0.0.1:1", 1, 1)];
        var plan = new ExchangePlan(new ArtifactKey("run"), 1, 2, members, 0);
        var joining = world[0].Join(plan, Token);
        var peer = await RawPeer.Join(plan with { Self = 1 }, 0);
        return (await joining, peer);
    }

    // The later member calls, and is told; the earlier one waits on.
    private static async Task<PeerLostException> JoinBoth(TcpWorld world)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var plans = ((IDataPlaneWorld)world).Plans([1, 1]);
        var listener = world.Planes[0].Join(plans[0], enough.Token);
        var caller = await Assert.ThrowsAsync<PeerLostException>(() => world.Planes[1].Join(plans[1], Token));
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listener);
        return caller;
    }
}
