using System.Globalization;
using GmailCluster.Cluster.Exchange;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Tests.Exchange;

namespace GmailCluster.Cluster.Tests.Exchange;

/// <summary>However exchanges end, no socket and no unseen exception is left of them.</summary>
[Collection(nameof(DataPlaneLeakTests))]
public sealed class DataPlaneLeakTests
{
    /// <summary>Unseen exceptions are the process's: what other tests leave of runs that they end in the middle is told at the same place.</summary>
    [CollectionDefinition(nameof(DataPlaneLeakTests), DisableParallelization = true)]
    public sealed class Alone;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_socket_and_no_unseen_exception_is_left_however_exchanges_end()
    {
        Collect();
        var unseen = new List<string>();
        TaskScheduler.UnobservedTaskException += See;
        var ports = new List<int>();
        foreach (var end in new Func<TcpWorld, IRunExchange[], Task>[] { Kill, Leave, LeaveTogether, Cancel, Nothing, Renew })
        {
            ports.AddRange(await Live(end));
        }

        Collect();
        TaskScheduler.UnobservedTaskException -= See;
        Assert.Equal([], unseen.Where(exception => exception.Contains("Exchange", StringComparison.Ordinal)));
        Assert.Empty(Open(ports));

        void See(object? sender, UnobservedTaskExceptionEventArgs e) => unseen.Add(e.Exception.ToString());
    }

    // Unseen exceptions show when their tasks are collected.
    private static void Collect()
    {
#pragma warning disable RS0030
        GC.Collect();
        GC.WaitForPendingFinalizers();
#pragma warning restore RS0030
    }

    private static async Task<IEnumerable<int>> Live(Func<TcpWorld, IRunExchange[], Task> end)
    {
        await using var world = new TcpWorld(3);
        var exchanges = await ((IDataPlaneWorld)world).Join([1, 1, 1]);
        await Task.WhenAll(exchanges.Select(exchange => exchange.AllGather(0, "rows", new byte[10], Token)));
        Assert.NotEmpty(Open([Port(world[0])]));

        await end(world, exchanges);

        return Enumerable.Range(0, 3).Select(i => Port(world[i]));
    }

    private static async Task Kill(TcpWorld world, IRunExchange[] exchanges)
    {
        var calls = exchanges.Take(2).Select(exchange => exchange.AllReduce(1, 0, [new float[1 << 20]], new float[1 << 20], Token)).ToArray();
        await world.Break(2);
        foreach (var call in calls)
        {
            await Assert.ThrowsAsync<PeerLostException>(() => call);
        }
    }

    private static async Task Leave(TcpWorld world, IRunExchange[] exchanges) => await exchanges[1].DisposeAsync();

    private static Task LeaveTogether(TcpWorld world, IRunExchange[] exchanges) => Task.WhenAll(exchanges.Select(exchange => exchange.DisposeAsync().AsTask()));

    private static async Task Cancel(TcpWorld world, IRunExchange[] exchanges)
    {
        using var cancel = new CancellationTokenSource();
        var call = exchanges[0].AllReduce(1, 0, [new float[1 << 20]], new float[1 << 20], cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    private static Task Nothing(TcpWorld world, IRunExchange[] exchanges) => Task.CompletedTask;

    private static async Task Renew(TcpWorld world, IRunExchange[] exchanges) => await ((IDataPlaneWorld)world).Join([1, 1, 1], generationNumber: 2);

    private static int Port(TcpDataPlane plane) => int.Parse(plane.Address.Split(':')[1], CultureInfo.InvariantCulture);

    // Connections that listen or are open (states 0A and 01) at a port; one that waits out its time after a close is none.
    private static string[] Open(IReadOnlyCollection<int> ports) =>
    [
        .. File.ReadLines("/proc/self/net/tcp").Skip(1).Where(line =>
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields[3] is "01" or "0A" or "08" && fields.Skip(1).Take(2).Any(end => ports.Contains(Convert.ToInt32(end.Split(':')[1], 16)));
        }),
    ];
}
