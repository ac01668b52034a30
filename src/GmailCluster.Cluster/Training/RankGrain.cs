using GmailCluster.Cluster.Nodes;
using GmailCluster.Grains;
using Orleans.GrainDirectory;

namespace GmailCluster.Cluster.Training;

/// <summary>
/// One virtual rank on the silo that the plan names: begins its steps and leaves them to the silo's replica. The steps belong to
/// the silo: an activation that Orleans ends takes none of them with it.
/// </summary>
internal abstract class RankGrain(ReplicaHost replicas) : Grain, IRankGrain
{
    public Task<BeginAnswer> Begin(RankAssignment assignment, CancellationToken cancellationToken) =>
        Task.FromResult(replicas.Run(assignment.Run.Key).Begin(assignment) ? BeginAnswer.Begun : BeginAnswer.Stale);
}

/// <inheritdoc cref="IAlignmentWorkerGrain"/>
[NodePlacement, GrainDirectory(NodeDirectory.Name)]
internal sealed class AlignmentWorkerGrain(ReplicaHost replicas) : RankGrain(replicas), IAlignmentWorkerGrain;

/// <inheritdoc cref="ITrainerGrain"/>
[NodePlacement, GrainDirectory(NodeDirectory.Name)]
internal sealed class TrainerGrain(ReplicaHost replicas) : RankGrain(replicas), ITrainerGrain;
