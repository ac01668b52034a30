namespace GmailCluster.Learning.Exchange;

/// <summary>A member of a run's plan is gone: the step in flight is over, and the run needs a new plan.</summary>
/// <param name="silo">The silo that was lost.</param>
/// <param name="reason">How that showed.</param>
/// <param name="inner">The cause.</param>
public sealed class PeerLostException(string silo, string reason, Exception? inner = null) : Exception($"{silo} is gone: {reason}", inner)
{
    /// <summary>The silo that was lost.</summary>
    public string Silo { get; } = silo;

    /// <summary>Which member found it so, and told; null if this silo did.</summary>
    public string? By { get; init; }
}
