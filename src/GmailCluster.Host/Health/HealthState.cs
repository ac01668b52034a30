namespace GmailCluster.Host.Health;

/// <summary>What probes are told of a process.</summary>
/// <param name="readiness">Why the process is not ready; null when it is.</param>
public sealed class HealthState(Func<CancellationToken, Task<string?>> readiness)
{
    private volatile bool _isStarted;

    /// <summary>Whether the process has started up.</summary>
    public bool IsStarted => _isStarted;

    /// <summary>Start-up is over.</summary>
    public void SetStarted() => _isStarted = true;

    /// <summary>Why the process is not ready to be given work; null when it is.</summary>
    public Task<string?> WhyNotReady(CancellationToken cancellationToken) => _isStarted ? readiness(cancellationToken) : Task.FromResult<string?>("starting");
}
