namespace GmailCluster.Stages;

/// <summary>How far a stage is.</summary>
/// <param name="Phase">Where it stands.</param>
/// <param name="Done">Finished items or steps.</param>
/// <param name="Total">All of them; 0 when not known.</param>
/// <param name="Detail">One phrase, such as the last loss; null for none.</param>
/// <param name="Failure">Why it failed; null otherwise.</param>
/// <param name="Before">How many of <paramref name="Done"/> an earlier attempt had finished.</param>
/// <param name="Warning">What went wrong without ending the stage, such as a checkpoint that could not be written; null for nothing.</param>
/// <param name="EventAt">When the stage last said why it waits or moved; null for never.</param>
[GenerateSerializer, Immutable, Alias("gmail.stage-progress")]
public sealed record StageProgress(
    [property: Id(0)] StagePhase Phase,
    [property: Id(1)] long Done,
    [property: Id(2)] long Total,
    [property: Id(3)] string? Detail = null,
    [property: Id(4)] StageFailure? Failure = null,
    [property: Id(5)] long Before = 0,
    [property: Id(6)] string? Warning = null,
    [property: Id(7)] DateTimeOffset? EventAt = null);

/// <summary>Where a stage stands.</summary>
public enum StagePhase
{
    /// <summary>Not started.</summary>
    Pending,

    /// <summary>Working.</summary>
    Running,

    /// <summary>Its record is in the store.</summary>
    Done,

    /// <summary>Ended with a failure.</summary>
    Failed,

    /// <summary>Ended because it was asked to; it resumes where it was.</summary>
    Cancelled,
}

/// <summary>Why a stage failed, as the user reads it.</summary>
/// <param name="Message">What, where, and what to do.</param>
/// <param name="ExitCode">1: failure. 2: bad input.</param>
[GenerateSerializer, Immutable, Alias("gmail.stage-failure")]
public sealed record StageFailure([property: Id(0)] string Message, [property: Id(1)] int ExitCode)
{
    /// <summary>Translates an exception: ours carry their own words, others are named as what they are.</summary>
    public static StageFailure From(Exception exception) => exception switch
    {
        Errors.GmailClusterException known => new StageFailure(known.Message, known.ExitCode),
        IOException or UnauthorizedAccessException =>
            new StageFailure($"The file system refused: {exception.Message.TrimEnd('.')}. Check the room on the disk and your rights there.", 1),
        OutOfMemoryException => new StageFailure("There is not enough memory. Lower batch_size, or give the process more memory.", 1),
        _ => new StageFailure($"{exception.GetType().Name}: {exception.Message}", 1),
    };
}
