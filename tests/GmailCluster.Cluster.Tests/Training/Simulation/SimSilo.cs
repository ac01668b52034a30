using GmailCluster.Cluster.Training;

namespace GmailCluster.Cluster.Tests.Training.Simulation;

/// <summary>One simulated silo.</summary>
internal sealed class SimSilo(string name, RunServices services)
{
    private volatile TaskCompletionSource? _frozen;

    public string Name => name;

    public ReplicaHost Host { get; } = new(services);

    public bool IsDead { get; set; }

    /// <summary>Its threads on their way out.</summary>
    public Task Ending { get; set; } = Task.CompletedTask;

    public bool IsFrozen => _frozen is not null;

    public Task WhenAwake() => _frozen?.Task ?? Task.CompletedTask;

    public void Freeze() => _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Thaw()
    {
        var frozen = _frozen;
        _frozen = null;
        frozen?.TrySetResult();
    }
}
