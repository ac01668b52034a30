using GmailCluster.Keys;

namespace GmailCluster.Experiments;

/// <summary>Something that happened to an experiment, with its reason: a line of <c>experiments/&lt;id&gt;/events.jsonl</c>.</summary>
/// <param name="Number">Counts from 1 within the experiment.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What sort of thing.</param>
/// <param name="Stage">The stage it is about; null for the whole.</param>
/// <param name="Text">A sentence for people.</param>
[GenerateSerializer, Immutable, Alias("gmail.experiment-event")]
public sealed record ExperimentEvent(
    [property: Id(0)] long Number,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] ExperimentEventKind Kind,
    [property: Id(3)] ArtifactKey? Stage,
    [property: Id(4)] string Text)
{
    /// <summary>The most events that one question is answered with.</summary>
    public const int PageSize = 1000;

    /// <summary>Where an experiment's events are.</summary>
    public static string ObjectKey(string experiment) => $"experiments/{experiment}/events.jsonl";
}

/// <summary>What sort of thing happened.</summary>
public enum ExperimentEventKind
{
    /// <summary>Somebody submitted it, for the first time or again.</summary>
    Submitted,

    /// <summary>It is looked after by another silo than before.</summary>
    Moved,

    /// <summary>A stage began.</summary>
    StageStarted,

    /// <summary>A stage was started again: its silo was lost, or somebody else had stopped it.</summary>
    StageRestarted,

    /// <summary>A stage goes on under a new plan: silos were lost or joined, ranks moved.</summary>
    StageReplanned,

    /// <summary>A stage is done.</summary>
    StageDone,

    /// <summary>Something went wrong without ending a stage.</summary>
    Warning,

    /// <summary>It is done.</summary>
    Done,

    /// <summary>It ended with a failure.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Cancelled,
}
