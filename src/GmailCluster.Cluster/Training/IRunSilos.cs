using GmailCluster.Grains;

namespace GmailCluster.Cluster.Training;

/// <summary>A run's silos, as its owner sees them: grain calls in a cluster, plain calls in a simulated one.</summary>
internal interface IRunSilos
{
    /// <summary>The silos that the cluster believes alive, by name.</summary>
    IReadOnlyList<string> Alive();

    /// <inheritdoc cref="INodeGrain.PrepareRun"/>
    Task<RunReport> Prepare(string silo, long generationNumber, CancellationToken cancellationToken);

    /// <inheritdoc cref="INodeGrain.LoadRun"/>
    Task<LoadAnswer> Load(string silo, LoadOrder order, CancellationToken cancellationToken);

    /// <inheritdoc cref="IRankGrain.Begin"/>
    Task<BeginAnswer> Begin(string silo, RankAssignment assignment, CancellationToken cancellationToken);

    /// <inheritdoc cref="INodeGrain.HoldRun"/>
    Task Hold(string silo, long generationNumber, CancellationToken cancellationToken);

    /// <inheritdoc cref="INodeGrain.FinishRun"/>
    Task<FinishAnswer> Finish(string silo, FinishOrder order, CancellationToken cancellationToken);

    /// <inheritdoc cref="INodeGrain.CloseRun"/>
    Task Close(string silo, long generationNumber, bool saveState, CancellationToken cancellationToken);

    /// <inheritdoc cref="INodeGrain.GetRunProgress"/>
    Task<RunProgress?> GetProgress(string silo, CancellationToken cancellationToken);
}
