using System.Globalization;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Training;

/// <summary>A run's silos through their grains.</summary>
internal sealed class GrainRunSilos(Stage stage, IGrainFactory grains, ISiloStatusOracle oracle) : IRunSilos
{
    private ArtifactKey Run => stage.Key;

    public IReadOnlyList<string> Alive() =>
        [.. oracle.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(silo => silo.ToParsableString()).Order(StringComparer.Ordinal)];

    public Task<RunReport> Prepare(string silo, long generationNumber, CancellationToken cancellationToken) =>
        Node(silo).PrepareRun(Run, generationNumber, cancellationToken);

    public Task<LoadAnswer> Load(string silo, LoadOrder order, CancellationToken cancellationToken) => Node(silo).LoadRun(order, cancellationToken);

    public Task<BeginAnswer> Begin(string silo, RankAssignment assignment, CancellationToken cancellationToken)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{Run}/{assignment.Rank}/{silo}");
        IRankGrain rank = stage.Kind is StageKind.Align ? grains.GetGrain<IAlignmentWorkerGrain>(key) : grains.GetGrain<ITrainerGrain>(key);
        return rank.Begin(assignment, cancellationToken);
    }

    public Task Hold(string silo, long generationNumber, CancellationToken cancellationToken) =>
        Node(silo).HoldRun(Run, generationNumber, cancellationToken);

    public Task<FinishAnswer> Finish(string silo, FinishOrder order, CancellationToken cancellationToken) => Node(silo).FinishRun(order, cancellationToken);

    public Task Close(string silo, long generationNumber, bool saveState, CancellationToken cancellationToken) =>
        Node(silo).CloseRun(Run, generationNumber, saveState, cancellationToken);

    public Task<RunProgress?> GetProgress(string silo, CancellationToken cancellationToken) => Node(silo).GetRunProgress(Run, cancellationToken);

    private INodeGrain Node(string silo) => grains.GetGrain<INodeGrain>(silo);
}
