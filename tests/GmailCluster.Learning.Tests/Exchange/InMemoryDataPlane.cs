using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Training;

namespace GmailCluster.Learning.Tests.Exchange;

/// <summary>One silo's end of an <see cref="InMemoryNetwork"/>.</summary>
public sealed class InMemoryDataPlane : IDataPlane
{
    private readonly InMemoryNetwork _network;
    private readonly Dictionary<ArtifactKey, Func<TrainingState?>> _offers = [];
    private readonly Dictionary<ArtifactKey, (long GenerationNumber, InMemoryExchange? Exchange)> _newest = [];

    internal InMemoryDataPlane(InMemoryNetwork network, string silo) => (_network, Address) = (network, silo);

    /// <inheritdoc/>
    public string Address { get; }

    internal bool IsDead { get; set; }

    /// <inheritdoc/>
    public async Task<IRunExchange> Join(ExchangePlan plan, CancellationToken cancellationToken)
    {
        plan.Check();
        cancellationToken.ThrowIfCancellationRequested();
        InMemoryMeeting meeting;
        InMemoryExchange exchange;
        lock (_network.Lock)
        {
            ObjectDisposedException.ThrowIf(IsDead, this);
            var (newest, former) = _newest.GetValueOrDefault(plan.Run);
            if (former is not null && plan.GenerationNumber <= newest)
            {
                throw new PeerLostException(plan.Own.Silo, $"generation number {plan.GenerationNumber} is not above {newest}");
            }

            former?.Lose(plan.Own.Silo, $"generation number {plan.GenerationNumber} has begun");
            meeting = _network.Meeting(plan);
            if (plan.Members.FirstOrDefault(member => member != plan.Own && _network.Find(member.Address) is null) is { } dead)
            {
                meeting.Lose(dead.Silo, "nobody listens there");
            }

            exchange = meeting.Enter(_network, plan);
            _newest[plan.Run] = (plan.GenerationNumber, exchange);
        }

        try
        {
            await meeting.Complete.WaitAsync(_network.JoinTimeout, _network.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            lock (_network.Lock)
            {
                var missing = meeting.Missing();
                meeting.Lose(missing, $"did not come within {_network.JoinTimeout.TotalSeconds} s");
                throw new PeerLostException(missing, $"did not come within {_network.JoinTimeout.TotalSeconds} s");
            }
        }
        catch (OperationCanceledException)
        {
            lock (_network.Lock)
            {
                meeting.Lose(plan.Own.Silo, "has given up");
            }

            throw;
        }

        return exchange;
    }

    /// <inheritdoc/>
    public IDisposable Offer(ArtifactKey run, Func<TrainingState?> state)
    {
        lock (_network.Lock)
        {
            _offers[run] = state;
        }

        return new Offering(this, run, state);
    }

    /// <inheritdoc/>
    public async Task<TrainingState?> Fetch(string address, ArtifactKey run, CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        Func<TrainingState?>? source;
        lock (_network.Lock)
        {
            var plane = _network.IsCut(Address, address) || _network.IsSilent(Address, address) ? null : _network.Find(address);
            source = (plane ?? throw new PeerLostException(address, "nobody listens there"))._offers.GetValueOrDefault(run);
        }

        return source?.Invoke() is { } state
            ? new TrainingState([.. state.Losses], [.. state.Values], [.. state.FirstMoment], [.. state.SecondMoment])
            : null;
    }

    private sealed class Offering(InMemoryDataPlane plane, ArtifactKey run, Func<TrainingState?> state) : IDisposable
    {
        public void Dispose()
        {
            lock (plane._network.Lock)
            {
                if (plane._offers.GetValueOrDefault(run) == state)
                {
                    plane._offers.Remove(run);
                }
            }
        }
    }
}
