using System.Runtime.ExceptionServices;
using GmailCluster.Errors;

namespace GmailCluster.Cluster.Storage;

/// <summary>Writing a grain's state.</summary>
internal static class PersistentStateExtensions
{
    /// <summary>Replaces the state. When the store refuses, its own words are thrown, not those that Orleans wraps around them.</summary>
    /// <param name="persistent">The grain's state.</param>
    /// <param name="next">What it becomes.</param>
    /// <param name="deactivate">Called when memory may be ahead of the store, so that the next call starts from the store.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    public static async Task Save<T>(this IPersistentState<T> persistent, T next, Action deactivate, CancellationToken cancellationToken)
    {
        persistent.State = next;
        try
        {
            await persistent.WriteStateAsync(cancellationToken);
        }
        catch (Exception e)
        {
            deactivate();
            if (e is OrleansException { InnerException: GmailClusterException refused })
            {
                ExceptionDispatchInfo.Throw(refused);
            }

            throw;
        }
    }
}
