using GmailCluster.Keys;

namespace GmailCluster.Cluster.Training;

/// <summary>The runs that this silo takes part in. They belong to the silo, not to a grain: activations come and go.</summary>
internal sealed class ReplicaHost(RunServices services) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ArtifactKey, LocalRun> _runs = [];
    private volatile bool _isDraining;

    /// <summary>The silo's address in the cluster.</summary>
    public string Silo => services.Silo;

    /// <summary>It takes no new ranks.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>A run, which need not be loaded.</summary>
    public LocalRun Run(ArtifactKey key)
    {
        lock (_lock)
        {
            if (!_runs.TryGetValue(key, out var run))
            {
                _runs.Add(key, run = new LocalRun(key, services, () => _isDraining));
            }

            return run;
        }
    }

    /// <summary>Asks all runs to go on elsewhere after the step in flight; returns when none is held here any more.</summary>
    public async Task Drain(CancellationToken cancellationToken)
    {
        _isDraining = true;
        var runs = All();
        foreach (var run in runs)
        {
            run.Hold();
        }

        await Task.WhenAll(runs.Select(run => run.WhenClosed())).WaitAsync(cancellationToken);
    }

    /// <summary>Ends all runs here; what was trained since the last checkpoint is saved.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(All().Select(run => run.Close()));

    private LocalRun[] All()
    {
        lock (_lock)
        {
            return [.. _runs.Values];
        }
    }
}
