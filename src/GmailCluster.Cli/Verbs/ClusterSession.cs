using GmailCluster.Host.Experiments;

namespace GmailCluster.Cli.Verbs;

/// <summary>A connection to a cluster or its API, for one verb.</summary>
internal sealed class ClusterSession(IExperiments experiments, IAsyncDisposable? client, IDisposable? api) : IAsyncDisposable
{
    public IExperiments Experiments => experiments;

    public async ValueTask DisposeAsync()
    {
        api?.Dispose();
        if (client is not null)
        {
            await client.DisposeAsync();
        }
    }
}

/// <summary>What can be asked without a cluster, for one verb.</summary>
internal sealed class ShelfSession(IExperimentShelf shelf, IDisposable? api) : IDisposable
{
    public IExperimentShelf Shelf => shelf;

    public void Dispose() => api?.Dispose();
}
