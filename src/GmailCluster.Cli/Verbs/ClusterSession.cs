using GmailCluster.Host.Experiments;
using GmailCluster.Host.Roles;
using GmailCluster.Storage;

namespace GmailCluster.Cli.Verbs;

/// <summary>A connection to a cluster, for one verb.</summary>
internal sealed class ClusterSession(ClusterClient client, IObjectStore store, TimeProvider time) : IAsyncDisposable
{
    public ExperimentService Experiments { get; } = new(client.Grains, store, time);

    public ValueTask DisposeAsync() => client.DisposeAsync();
}
