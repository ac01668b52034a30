using GmailCluster.Grains;

namespace GmailCluster.Cluster.Training;

/// <summary>
/// One virtual rank: begins its steps on the silo that the plan names, and leaves them to the silo's replica. The steps belong to
/// the silo: an activation that Orleans ends, for instance because the directory's owner has died, takes none of them with it.
/// </summary>
internal abstract class RankGrain(ReplicaHost replicas) : Grain, IRankGrain
{
    public Task<BeginAnswer> Begin(RankAssignment assignment, CancellationToken cancellationToken)
    {
        var member = assignment.Plan.Members.Last(member => member.FirstRank <= assignment.Rank);
        if (member.Silo != replicas.Silo)
        {
            DeactivateOnIdle();
            return Task.FromResult(BeginAnswer.Moved);
        }

        return Task.FromResult(replicas.Run(assignment.Run.Key).Begin(assignment) ? BeginAnswer.Begun : BeginAnswer.Stale);
    }
}

/// <inheritdoc cref="IAlignmentWorkerGrain"/>
internal sealed class AlignmentWorkerGrain(ReplicaHost replicas) : RankGrain(replicas), IAlignmentWorkerGrain;

/// <inheritdoc cref="ITrainerGrain"/>
internal sealed class TrainerGrain(ReplicaHost replicas) : RankGrain(replicas), ITrainerGrain;
