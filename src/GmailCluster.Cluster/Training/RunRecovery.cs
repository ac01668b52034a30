using GmailCluster.Grains;

namespace GmailCluster.Cluster.Training;

/// <summary>
/// Where a run goes on. Pure. A step is committed on a silo when its optimiser has been applied, and nobody begins the next one
/// before all of the plan have brought their gradients: copies of the state are equal where they are equally far, and members of
/// one plan differ by one step at most. So the furthest copy is the run, and going on from it redoes only the step in flight.
/// </summary>
internal static class RunRecovery
{
    /// <summary>Decides.</summary>
    /// <param name="reports">What the nodes hold.</param>
    /// <param name="newestCheckpoint">Steps of the newest committed checkpoint; null when there is none.</param>
    public static RecoveryDecision Decide(IReadOnlyCollection<RunReport> reports, int? newestCheckpoint)
    {
        var furthest = reports
            .Where(report => report.CommittedSteps is not null)
            .OrderByDescending(report => report.CommittedSteps)
            .ThenBy(report => report.Node.IsDraining)
            .ThenBy(report => report.Silo, StringComparer.Ordinal)
            .FirstOrDefault();
        if (newestCheckpoint is { } checkpoint && checkpoint > (furthest?.CommittedSteps ?? 0))
        {
            return new RecoveryDecision(StateSource.Checkpoint, checkpoint, null);
        }

        return furthest is { CommittedSteps: > 0 and var steps }
            ? new RecoveryDecision(StateSource.Peer, steps, furthest)
            : new RecoveryDecision(StateSource.Own, 0, null);
    }
}

/// <summary>Where a run goes on, and from whom.</summary>
/// <param name="Source">A node's copy, the store's, or that of step 0, which everybody can make.</param>
/// <param name="Steps">Committed steps.</param>
/// <param name="Holder">For <see cref="StateSource.Peer"/>: a node with the state.</param>
internal sealed record RecoveryDecision(StateSource Source, int Steps, RunReport? Holder);
