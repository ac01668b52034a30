using System.Runtime.CompilerServices;
using GmailCluster.Data.Storage;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Experiments;

/// <summary>
/// Which experiments a cluster must look after: one small object each, <c>running/&lt;id&gt;</c>, so that finding them costs the
/// same however many have ended. It is there before an experiment is running and goes after it has ended.
/// </summary>
public static class RunningExperiments
{
    private const string Prefix = "running/";

    /// <summary>Marks an experiment.</summary>
    public static Task Mark(IObjectStore store, string experiment, CancellationToken cancellationToken) =>
        store.PutBytes(Prefix + experiment, "1"u8.ToArray(), PutCondition.Always, cancellationToken);

    /// <summary>Removes the mark.</summary>
    public static Task Unmark(IObjectStore store, string experiment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.Delete(Prefix + experiment, null, cancellationToken);
    }

    /// <summary>The ids of marked experiments.</summary>
    public static async IAsyncEnumerable<string> List(IObjectStore store, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        await foreach (var item in store.List(Prefix, cancellationToken))
        {
            yield return item.Key[Prefix.Length..];
        }
    }
}
