using System.Collections.Concurrent;
using GmailCluster.Cluster.Exchange;
using GmailCluster.Keys;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Training;

namespace GmailCluster.Cluster.Tests.Exchange;

/// <summary>A data plane that others reach through a proxy.</summary>
internal sealed class ProxiedPlane(TcpDataPlane plane, HarmfulProxy proxy) : IDataPlane
{
    private readonly ConcurrentBag<TcpExchange> _exchanges = [];

    public HarmfulProxy Proxy => proxy;

    public string Address => proxy.Address;

    public async Task<IRunExchange> Join(ExchangePlan plan, CancellationToken cancellationToken)
    {
        var exchange = await plane.Join(plan, cancellationToken);
        if (exchange is TcpExchange tcp)
        {
            _exchanges.Add(tcp);
        }

        return exchange;
    }

    public IDisposable Offer(ArtifactKey run, Func<TrainingState?> state) => plane.Offer(run, state);

    public Task<TrainingState?> Fetch(string address, ArtifactKey run, CancellationToken cancellationToken) => plane.Fetch(address, run, cancellationToken);

    /// <summary>Closes all sockets as the operating system does for a killed process: without a goodbye.</summary>
    public void Kill()
    {
        foreach (var exchange in _exchanges)
        {
            exchange.End(new PeerLostException("self", "killed"));
        }
    }
}
