using System.Diagnostics;
using GmailCluster.Stages;

namespace GmailCluster.Telemetry;

/// <summary>
/// All spans: one trace leads from the experiment over its stages to shards, steps and store calls. docs/operate/telemetry.md is made from
/// this list.
/// </summary>
public static class Spans
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string SourceName = "GmailCluster";

    /// <summary>An experiment.</summary>
    public static readonly SpanKind Experiment = new(
        "experiment", "From the submission, or from being taken up by another silo, to the end of all stages.", [Attributes.Experiment, Attributes.Phase, Attributes.ErrorType], []);

    /// <summary>A stage.</summary>
    public static readonly SpanKind Stage = new(
        "stage", "A stage, as the experiment's owner sees it: from its start, or start again, to its record.",
        [Attributes.StageKey, Attributes.StageKind, Attributes.StageTitle, Attributes.Phase, Attributes.ErrorType],
        [.. Enum.GetValues<StageKind>().Select(kind => kind.ToString().ToLowerInvariant())]);

    /// <summary>A training run under one plan.</summary>
    public static readonly SpanKind Run = new(
        "run", "A training run under one generation number, from the plan to its end.",
        [Attributes.Run, Attributes.GenerationNumber, Attributes.WorldSize, Attributes.Step, Attributes.Reason, Attributes.ErrorType], []);

    /// <summary>A rank's step.</summary>
    public static readonly SpanKind Step = new(
        "step", "One virtual rank's step, from its batch to the commit that it waits for.",
        [Attributes.Run, Attributes.Rank, Attributes.GenerationNumber, Attributes.Step, Attributes.ErrorType], []);

    /// <summary>A collective.</summary>
    public static readonly SpanKind Exchange = new(
        "exchange", "One collective between the silos of a run.",
        [Attributes.Run, Attributes.GenerationNumber, Attributes.Step, Attributes.Bucket, Attributes.ErrorType], ["all_reduce", "all_gather", "state"]);

    /// <summary>A new plan.</summary>
    public static readonly SpanKind Recovery = new(
        "recovery", "From whatever ended a plan to the next plan: a lost, slow, draining or new silo.",
        [Attributes.Run, Attributes.GenerationNumber, Attributes.Step, Attributes.Reason, Attributes.ErrorType], []);

    /// <summary>A checkpoint.</summary>
    public static readonly SpanKind Checkpoint = new(
        "checkpoint", "Writing a checkpoint beside training, COMMIT last, or reading the newest one that is whole.",
        [Attributes.Run, Attributes.GenerationNumber, Attributes.Step, Attributes.LengthBytes, Attributes.CheckpointProblem, Attributes.ErrorType], ["save", "load"]);

    /// <summary>A shard of generated images.</summary>
    public static readonly SpanKind Shard = new(
        "shard", "A shard on the silo that makes it, from the lease to the commit.",
        [Attributes.StageKey, Attributes.Shard, Attributes.Fence, Attributes.Images, Attributes.LengthBytes, Attributes.CommitResult, Attributes.ErrorType], []);

    /// <summary>A call of the object store.</summary>
    public static readonly SpanKind Store = new(
        "store", "A call of the object store; of a read, its opening.", [Attributes.ObjectKey, Attributes.LengthBytes, Attributes.ErrorType],
        ["stat", "read", "put", "list", "delete"]);

    /// <summary>All of them, as the documentation lists them.</summary>
    public static IReadOnlyList<SpanKind> All { get; } = [Experiment, Stage, Run, Step, Exchange, Recovery, Checkpoint, Shard, Store];

    /// <summary>Where all spans come from.</summary>
    internal static ActivitySource Source { get; } = new(SourceName, TelemetryVersion.Text);
}
