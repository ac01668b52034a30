using GmailCluster.Data.Storage;
using GmailCluster.Storage;

namespace GmailCluster.Host.Roles;

/// <summary>
/// <c>cluster.json</c> in a store: where the cluster is that <c>up</c> started on it, so that whoever names the store finds the
/// cluster. It goes when <c>up</c> ends.
/// </summary>
/// <param name="Address">The cluster.</param>
/// <param name="ProcessId">The process of <c>up</c>.</param>
/// <param name="StartedAt">When it began.</param>
public sealed record ClusterRecord(ClusterAddress Address, int ProcessId, DateTimeOffset StartedAt)
{
    private const string ObjectKey = "cluster.json";

    /// <summary>The record of a store; null when no cluster was started on it.</summary>
    public static async Task<ClusterRecord?> Read(IObjectStore store, CancellationToken cancellationToken) =>
        (await store.TryReadJson<ClusterRecord>(ObjectKey, cancellationToken).ConfigureAwait(false))?.Value;

    /// <summary>Writes the record.</summary>
    public Task Write(IObjectStore store, CancellationToken cancellationToken) => store.PutJson(ObjectKey, this, PutCondition.Always, cancellationToken);

    /// <summary>Removes the record of a cluster that has ended.</summary>
    public static Task Remove(IObjectStore store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.Delete(ObjectKey, null, cancellationToken);
    }
}
