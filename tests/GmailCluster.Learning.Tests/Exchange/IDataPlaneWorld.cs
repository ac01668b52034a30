using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Tests.Exchange;

/// <summary>Some silos with data planes, and the harm that can be done to them.</summary>
public interface IDataPlaneWorld : IAsyncDisposable
{
    IReadOnlyList<IDataPlane> Planes { get; }

    /// <summary>Ends a silo without a goodbye.</summary>
    Task Break(int silo);

    /// <summary>Makes a silo stop to send and to read; returns when the others' patience is over.</summary>
    Task Silence(int silo);

    /// <summary>Lets the time pass that members wait for one another; returns what became of the join.</summary>
    Task<IRunExchange> JoinTimesOut(Task<IRunExchange> join);

    /// <summary>The plan of each silo.</summary>
    ExchangePlan[] Plans(IReadOnlyList<int> rankCounts, WireType wire = WireType.Float32, ArtifactKey? run = null, long generationNumber = 1)
    {
        var members = rankCounts.Select((count, i) => new ExchangeMember($"silo-{i}", Planes[i].Address, rankCounts.Take(i).Sum(), count)).ToArray();
        return [.. rankCounts.Select((_, i) => new ExchangePlan(run ?? new ArtifactKey("run"), generationNumber, rankCounts.Sum(), members, i, wire))];
    }

    /// <summary>All silos join one plan.</summary>
    Task<IRunExchange[]> Join(IReadOnlyList<int> rankCounts, WireType wire = WireType.Float32, ArtifactKey? run = null, long generationNumber = 1) =>
        Task.WhenAll(Plans(rankCounts, wire, run, generationNumber).Select((plan, i) => Planes[i].Join(plan, TestContext.Current.CancellationToken)));
}
