namespace GmailCluster.Cluster.Nodes;

/// <summary>Failures that say nothing of the work, only that nobody was there to do it.</summary>
public static class Unreachable
{
    /// <summary>Whether a call failed because its silo is gone, going, or not yet known to be either: ask again.</summary>
    public static bool Is(Exception exception) =>
        exception is SiloUnavailableException or OrleansMessageRejectionException or Orleans.Runtime.Messaging.ConnectionFailedException or TimeoutException
            or Orleans.Storage.InconsistentStateException;
}
