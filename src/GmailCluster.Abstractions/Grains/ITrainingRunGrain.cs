using GmailCluster.Stages;

namespace GmailCluster.Grains;

/// <summary>One data-parallel run, of alignment or of a downstream task: owns the plan and its generation number. Key: the run key.</summary>
[Alias("gmail.ITrainingRunGrain")]
public interface ITrainingRunGrain : IStageGrain
{
    /// <summary>A rank's steps have ended. Of an older generation number it is ignored.</summary>
    [Alias("Report")]
    Task Report(RankReport report, CancellationToken cancellationToken);

    /// <summary>The plan that runs now; null while there is none.</summary>
    [Alias("GetPlan")]
    Task<RunPlan?> GetPlan(CancellationToken cancellationToken);

    /// <summary>Why the run waited, moved or restarted: the newest hundred events, oldest first.</summary>
    [Alias("GetEvents")]
    Task<IReadOnlyList<RunEvent>> GetEvents(CancellationToken cancellationToken);
}

/// <summary>What every virtual rank's grain does, for alignment and downstream runs alike.</summary>
[Alias("gmail.IRankGrain")]
public interface IRankGrain : IGrainWithStringKey
{
    /// <summary>
    /// Begins the rank's steps under a plan, on the silo that the plan names. Asking again changes nothing; a newer generation
    /// number ends what runs under an older one.
    /// </summary>
    [Alias("Begin")]
    Task<BeginAnswer> Begin(RankAssignment assignment, CancellationToken cancellationToken);
}

/// <summary>One virtual rank of an alignment run, on the silo that the plan names. Key: run key, '/', rank, '/', the silo's address.</summary>
[Alias("gmail.IAlignmentWorkerGrain")]
public interface IAlignmentWorkerGrain : IRankGrain;

/// <summary>One virtual rank of a downstream run, on the silo that the plan names. Key: run key, '/', rank, '/', the silo's address.</summary>
[Alias("gmail.ITrainerGrain")]
public interface ITrainerGrain : IRankGrain;

/// <summary>A rank's place in a run's plan.</summary>
/// <param name="Run">The stage to train.</param>
/// <param name="Rank">0-based virtual rank.</param>
/// <param name="Plan">The plan.</param>
[GenerateSerializer, Immutable, Alias("gmail.rank-assignment")]
public sealed record RankAssignment([property: Id(0)] Stage Run, [property: Id(1)] int Rank, [property: Id(2)] RunPlan Plan);

/// <summary>What became of a call to begin.</summary>
public enum BeginAnswer
{
    /// <summary>The rank's steps are under way.</summary>
    Begun,

    /// <summary>The silo has heard of a newer generation number.</summary>
    Stale,
}

/// <summary>How a rank's steps under a plan ended.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="GenerationNumber">The plan.</param>
/// <param name="Silo">Where it ran.</param>
/// <param name="Ending">How.</param>
/// <param name="LostSilo">For <see cref="RankEnding.PeerLost"/>: who is gone.</param>
/// <param name="Reason">For <see cref="RankEnding.PeerLost"/>: how that showed.</param>
/// <param name="Failure">For <see cref="RankEnding.Failed"/>: why.</param>
/// <param name="LostBy">For <see cref="RankEnding.PeerLost"/>: who found it so, if another silo did and told this one.</param>
[GenerateSerializer, Immutable, Alias("gmail.rank-report")]
public sealed record RankReport(
    [property: Id(0)] int Rank,
    [property: Id(1)] long GenerationNumber,
    [property: Id(2)] string Silo,
    [property: Id(3)] RankEnding Ending,
    [property: Id(4)] string? LostSilo = null,
    [property: Id(5)] string? Reason = null,
    [property: Id(6)] StageFailure? Failure = null,
    [property: Id(7)] string? LostBy = null);

/// <summary>How a rank's steps end.</summary>
public enum RankEnding
{
    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>Stopped after a whole step because a silo asked for it.</summary>
    Held,

    /// <summary>Another silo of the plan is gone.</summary>
    PeerLost,

    /// <summary>The task failed.</summary>
    Failed,
}
