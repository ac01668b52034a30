using GmailCluster.Stages;

namespace GmailCluster.Grains;

/// <summary>One data-parallel run, of alignment or of a downstream task: owns the plan and its generation number. Key: the run key.</summary>
[Alias("gmail.ITrainingRunGrain")]
public interface ITrainingRunGrain : IStageGrain
{
    /// <summary>A rank has done its last step. Of an older generation number it is ignored.</summary>
    [Alias("RankFinished")]
    Task RankFinished(int rank, long generationNumber, CancellationToken cancellationToken);

    /// <summary>A rank could not go on. Of an older generation number it is ignored.</summary>
    [Alias("RankFailed")]
    Task RankFailed(int rank, long generationNumber, StageFailure failure, CancellationToken cancellationToken);
}

/// <summary>What every virtual rank's grain does, for alignment and downstream runs alike.</summary>
[Alias("gmail.IRankGrain")]
public interface IRankGrain : IGrainWithStringKey
{
    /// <summary>Begins the rank's steps under a plan. A newer generation number ends what runs under an older one.</summary>
    [Alias("Begin")]
    Task Begin(RankAssignment assignment, CancellationToken cancellationToken);

    /// <summary>Ends the rank's steps, if they run under this generation number or an older one.</summary>
    [Alias("End")]
    Task End(long generationNumber, CancellationToken cancellationToken);
}

/// <summary>One virtual rank of an alignment run. Key: run key, '/', rank.</summary>
[Alias("gmail.IAlignmentWorkerGrain")]
public interface IAlignmentWorkerGrain : IRankGrain;

/// <summary>One virtual rank of a downstream run. Key: run key, '/', rank.</summary>
[Alias("gmail.ITrainerGrain")]
public interface ITrainerGrain : IRankGrain;

/// <summary>A rank's place in a run's plan.</summary>
/// <param name="Run">The stage to train.</param>
/// <param name="Rank">0-based virtual rank.</param>
/// <param name="WorldSize">How many there are.</param>
/// <param name="GenerationNumber">The plan's fence.</param>
[GenerateSerializer, Immutable, Alias("gmail.rank-assignment")]
public sealed record RankAssignment(
    [property: Id(0)] Stage Run,
    [property: Id(1)] int Rank,
    [property: Id(2)] int WorldSize,
    [property: Id(3)] long GenerationNumber);
