namespace GmailCluster.Cluster.Exchange;

/// <summary>A peer sent what no member of the plan would send.</summary>
/// <param name="message">What it was.</param>
internal sealed class ProtocolException(string message) : Exception(message);
