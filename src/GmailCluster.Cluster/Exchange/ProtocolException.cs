namespace GmailCluster.Cluster.Exchange;

/// <summary>A peer sent what no member of the plan would send.</summary>
/// <param name="message">What it was.</param>
/// <param name="reason">The word under which it is counted.</param>
internal sealed class ProtocolException(string message, string reason = "garbage") : Exception(message)
{
    /// <summary>The word under which it is counted.</summary>
    public string Reason => reason;
}
