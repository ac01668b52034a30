using GmailCluster.Cluster.Exchange;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Tests.Exchange;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Tests.Exchange;

/// <summary>Silos of one process that exchange over loopback, each member reached through a proxy that can do harm.</summary>
internal sealed class TcpWorld : IDataPlaneWorld
{
    public const string Secret = "a secret of the tests";

    private readonly TcpDataPlane[] _planes;
    private readonly RecordedLog _log = new();

    public TcpWorld(int silos, Action<int, DataPlaneOptions>? configure = null)
    {
        _planes = [.. Enumerable.Range(0, silos).Select(i => Plane(options => configure?.Invoke(i, options), _log))];
        Planes = [.. _planes.Select((plane, i) => new ProxiedPlane(plane, new HarmfulProxy(plane.Address)))];
    }

    public IReadOnlyList<IDataPlane> Planes { get; }

    public TcpDataPlane this[int silo] => _planes[silo];

    public static TcpDataPlane Plane(Action<DataPlaneOptions>? configure = null, ILogger<TcpDataPlane>? log = null)
    {
        var options = new DataPlaneOptions
        {
            ClusterId = "tests", Secret = Secret, HeartbeatInterval = TimeSpan.FromMilliseconds(100), HeartbeatTimeout = TimeSpan.FromSeconds(1),
        };
        configure?.Invoke(options);
        return new TcpDataPlane(Options.Create(options), log ?? NullLogger<TcpDataPlane>.Instance, TimeProvider.System);
    }

    /// <summary>How many lines of the log end in some words.</summary>
    public int Logged(string end) => _log.Lines.Count(line => line.EndsWith(end, StringComparison.Ordinal));

    public async Task Break(int silo)
    {
        var plane = (ProxiedPlane)Planes[silo];
        plane.Kill();
        await _planes[silo].DisposeAsync();
        await plane.Proxy.DisposeAsync();
    }

    public Task Silence(int silo)
    {
        foreach (var plane in Planes.Cast<ProxiedPlane>())
        {
            plane.Proxy.Silence();
        }

        return Task.CompletedTask;
    }

    public Task<IRunExchange> JoinTimesOut(Task<IRunExchange> join) => join;

    public async ValueTask DisposeAsync()
    {
        foreach (var plane in Planes.Cast<ProxiedPlane>())
        {
            await plane.Proxy.DisposeAsync();
        }

        foreach (var plane in _planes)
        {
            await plane.DisposeAsync();
        }
    }
}
