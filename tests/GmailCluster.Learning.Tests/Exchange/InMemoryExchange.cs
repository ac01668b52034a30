using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Optim;

namespace GmailCluster.Learning.Tests.Exchange;

/// <summary>One member's exchange in memory: what the others have told, by call.</summary>
internal sealed class InMemoryExchange(InMemoryNetwork network, InMemoryMeeting meeting, ExchangePlan plan) : IRunExchange
{
    private readonly Dictionary<(int Step, string Name), Call> _calls = [];
    private readonly bool[] _left = new bool[plan.Members.Count];
    private readonly List<Task> _sending = [];
    private Exception? _end;

    public ExchangePlan Plan => plan;

    public string Silo => plan.Own.Silo;

    public async Task<byte[]> AllGather(int step, string name, ReadOnlyMemory<byte> own, CancellationToken cancellationToken)
    {
        var parts = await Exchange(step, name, own.ToArray(), cancellationToken);
        var perRank = own.Length / plan.Own.RankCount;
        for (var i = 0; i < parts.Length; i++)
        {
            Expect(plan.Members[i], ((byte[])parts[i]!).Length, plan.Members[i].RankCount * perRank);
        }

        return [.. parts.SelectMany(part => (byte[])part!)];
    }

    public async Task AllReduce(int step, int bucket, IReadOnlyList<Memory<float>> partials, Memory<float> sum, CancellationToken cancellationToken)
    {
        var parts = await Exchange(step, $"bucket {bucket}", partials.Select(partial => partial.ToArray()).ToArray(), cancellationToken);
        var all = parts.SelectMany(part => (float[][])part!).Select(partial => (Memory<float>)partial.ToArray()).ToArray();
        CanonicalTree.Finish([.. plan.Members.SelectMany(plan.SubtreesOf)], all, sum, plan.Wire);
    }

    public async ValueTask DisposeAsync()
    {
        Task[] sending;
        lock (network.Lock)
        {
            sending = [.. _sending];
            End(new ObjectDisposedException(nameof(IRunExchange)));
        }

        await Task.WhenAll(sending);
        lock (network.Lock)
        {
            foreach (var other in meeting.Others(plan.Self))
            {
                other.Leave(plan.Self);
            }
        }
    }

    /// <summary>Ends everything that is under way or will be asked for. Under the network's lock.</summary>
    public void Lose(string silo, string reason, string? by = null) => End(new PeerLostException(silo, reason) { By = by == Silo ? null : by });

    private void End(Exception end)
    {
        _end ??= end;
        foreach (var call in _calls.Values)
        {
            call.Fail(_end);
        }
    }

    private async Task<object?[]> Exchange(int step, string name, object own, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Call call;
        lock (network.Lock)
        {
            if (_end is { } end)
            {
                throw end is PeerLostException lost ? new PeerLostException(lost.Silo, "was lost before", lost) { By = lost.By } : new ObjectDisposedException(nameof(IRunExchange));
            }

            call = CallOf(step, name);
            call.Begun = true;
            call.Add(plan.Self, own);
            call.FailIfMissing(_left, plan);
            _sending.RemoveAll(task => task.IsCompleted);
            _sending.AddRange(meeting.Others(plan.Self).Select(other => Send(other, step, name, own)));
        }

        try
        {
            return await call.All.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (network.Lock)
            {
                meeting.Lose(Silo, "has given up a call");
            }

            throw;
        }
        finally
        {
            lock (network.Lock)
            {
                _calls.Remove((step, name));
            }
        }
    }

    private async Task Send(InMemoryExchange other, int step, string name, object own)
    {
        await network.Deliver(new InMemoryMessage(Silo, other.Silo, plan, step, name));
        lock (network.Lock)
        {
            if (!network.IsSilent(Silo, other.Silo) && other._end is null && _end is null or ObjectDisposedException)
            {
                other.CallOf(step, name).Add(plan.Self, own);
            }
        }
    }

    private void Leave(int member)
    {
        _left[member] = true;
        foreach (var call in _calls.Values.Where(call => call.Begun))
        {
            call.FailIfMissing(_left, plan);
        }
    }

    private Call CallOf(int step, string name)
    {
        if (!_calls.TryGetValue((step, name), out var call))
        {
            _calls.Add((step, name), call = new Call(plan.Members.Count));
        }

        return call;
    }

    private static void Expect(ExchangeMember member, int seen, int expected)
    {
        if (seen != expected)
        {
            throw new PeerLostException(member.Silo, $"gave {seen} bytes where {expected} were expected");
        }
    }

    private sealed class Call(int members)
    {
        private readonly object?[] _parts = new object?[members];
        private readonly TaskCompletionSource<object?[]> _all = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool Begun { get; set; }

        public Task<object?[]> All => _all.Task;

        public void Add(int member, object part)
        {
            _parts[member] = part;
            if (_parts.All(p => p is not null))
            {
                _all.TrySetResult(_parts);
            }
        }

        public void FailIfMissing(bool[] left, ExchangePlan plan)
        {
            for (var i = 0; i < left.Length; i++)
            {
                if (left[i] && _parts[i] is null)
                {
                    Fail(new PeerLostException(plan.Members[i].Silo, "has left"));
                }
            }
        }

        public void Fail(Exception failure)
        {
            if (_all.TrySetException(failure))
            {
                _ = _all.Task.Exception; // observed here: a call that was never begun has nobody who looks
            }
        }
    }
}
