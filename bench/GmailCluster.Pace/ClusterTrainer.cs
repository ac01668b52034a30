using GmailCluster.Grains;
using GmailCluster.Host.Roles;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Pace;

/// <summary>The product: an experiment handed to a cluster and watched as the command line does, on a silo of this process and, where there are any, of others.</summary>
internal sealed class ClusterTrainer : ITrainer
{
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(100); // as often as 'run' looks

    private readonly Func<Task<IGrainFactory>> _grains;
    private readonly List<IAsyncDisposable> _owned;

    private ClusterTrainer(string address, Func<Task<IGrainFactory>> grains, List<IAsyncDisposable> owned) => (Address, _grains, _owned) = (address, grains, owned);

    public string Address { get; }

    /// <summary>A cluster of one silo, as <c>gmailcluster run</c> has it.</summary>
    public static async Task<ITrainer> Embedded(IObjectStore store, int slots)
    {
        var silo = await EmbeddedSilo.Start(store, slots, LogLevel.Warning, CancellationToken.None);
        return new ClusterTrainer("embedded", () => Task.FromResult(silo.Grains), [silo]);
    }

    /// <summary>A cluster member, as <c>gmailcluster silo</c> is one.</summary>
    /// <param name="store">The store's folder.</param>
    /// <param name="slots">Compute slots.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="primary">The first silo's address; null for the first.</param>
    public static async Task<ITrainer> Silo(string store, int slots, string cluster, string? primary)
    {
        var options = new SiloOptions { Store = store, Slots = slots, ClusterId = cluster, Primary = primary, CacheFolder = Path.Combine(store, "cache") };
        var silo = await SiloRole.Start(options, LogLevel.Error, TimeProvider.System, CancellationToken.None);
        var owned = new List<IAsyncDisposable> { silo };
        ClusterClient? client = null;
        return new ClusterTrainer(silo.Address, Grains, owned);

        async Task<IGrainFactory> Grains()
        {
            if (client is null)
            {
                client = await ClusterClient.Connect(new ClusterAddress(cluster, null, [silo.Gateway]), tls: null, LogLevel.Error, TimeProvider.System, CancellationToken.None);
                owned.Insert(0, client);
            }

            return client.Grains;
        }
    }

    public async Task Train(PlannedTraining training)
    {
        var experiment = (await _grains()).GetGrain<IExperimentGrain>(training.Experiment.Id);
        await experiment.Submit(training.Experiment, CancellationToken.None);
        using var timer = new PeriodicTimer(WatchPeriod);
        while (await experiment.GetStatus(CancellationToken.None) is { Phase: not StagePhase.Done } status)
        {
            if (status.Failure is { } failure)
            {
                throw new InvalidOperationException(failure.Message);
            }

            await timer.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in _owned)
        {
            await part.DisposeAsync();
        }
    }
}
