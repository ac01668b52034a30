namespace GmailCluster.Telemetry;

/// <summary>
/// Keys of the attributes on spans and metrics. Ours begin with <c>gmailcluster.</c>; the others are OpenTelemetry's own.
/// </summary>
public static class Attributes
{
    /// <summary>The experiment's id.</summary>
    public const string Experiment = "gmailcluster.experiment.id";

    /// <summary>The stage's artifact key, which is also the run's or the generation's.</summary>
    public const string StageKey = "gmailcluster.stage.key";

    /// <summary>What sort of work a stage is: <c>import</c>, <c>generate</c>, <c>align</c>, …</summary>
    public const string StageKind = "gmailcluster.stage.kind";

    /// <summary>The stage's title for people: <c>caption gmail seed 0</c>.</summary>
    public const string StageTitle = "gmailcluster.stage.title";

    /// <summary>How an experiment or a stage ended: <c>done</c>, <c>failed</c>, <c>cancelled</c>.</summary>
    public const string Phase = "gmailcluster.phase";

    /// <summary>The run's key, which is its stage's.</summary>
    public const string Run = "gmailcluster.run.key";

    /// <summary>Virtual rank, from 0.</summary>
    public const string Rank = "gmailcluster.rank";

    /// <summary>How many virtual ranks the run has.</summary>
    public const string WorldSize = "gmailcluster.world_size";

    /// <summary>The fence of the run's plan.</summary>
    public const string GenerationNumber = "gmailcluster.generation_number";

    /// <summary>Training step, from 0; of a checkpoint: how many steps it holds.</summary>
    public const string Step = "gmailcluster.step";

    /// <summary>Part of a step: <c>gradient</c>, <c>exchange</c>, <c>update</c>, <c>snapshot</c>.</summary>
    public const string StepPhase = "gmailcluster.step.phase";

    /// <summary>What is exchanged: <c>all_reduce</c>, <c>all_gather</c>, <c>state</c>.</summary>
    public const string Collective = "gmailcluster.collective";

    /// <summary>Which part of the step's gradients an all-reduce sums, from 0 in the order in which the backward pass gives them.</summary>
    public const string Bucket = "gmailcluster.bucket";

    /// <summary>A silo's address in the cluster.</summary>
    public const string Node = "gmailcluster.node";

    /// <summary>Why something happened, in words.</summary>
    public const string Reason = "gmailcluster.reason";

    /// <summary>The shard's number in its data set, from 0.</summary>
    public const string Shard = "gmailcluster.shard";

    /// <summary>The fence of the shard's lease.</summary>
    public const string Fence = "gmailcluster.fence";

    /// <summary>How many images.</summary>
    public const string Images = "gmailcluster.images";

    /// <summary>What became of a shard's commit: <c>committed</c>, <c>already_committed</c>, <c>different_content</c>, <c>stale_fence</c>.</summary>
    public const string CommitResult = "gmailcluster.commit.result";

    /// <summary>Why a lease ended before its commit: <c>silo_lost</c>, <c>expired</c>.</summary>
    public const string LeaseEnd = "gmailcluster.lease.end";

    /// <summary>What is done with a checkpoint: <c>save</c>, <c>load</c>.</summary>
    public const string CheckpointOperation = "gmailcluster.checkpoint.operation";

    /// <summary>Why a checkpoint was not written or not used: <c>damaged</c>, <c>fenced</c>, <c>not_written</c>.</summary>
    public const string CheckpointProblem = "gmailcluster.checkpoint.problem";

    /// <summary>What is asked of the object store: <c>stat</c>, <c>read</c>, <c>put</c>, <c>list</c>, <c>delete</c>.</summary>
    public const string StoreOperation = "gmailcluster.store.operation";

    /// <summary>The object's key, or the prefix of a listing.</summary>
    public const string ObjectKey = "gmailcluster.store.key";

    /// <summary>How many bytes.</summary>
    public const string LengthBytes = "gmailcluster.length";

    /// <summary>OpenTelemetry's: <c>transmit</c> or <c>receive</c>.</summary>
    public const string Direction = "network.io.direction";

    /// <summary>OpenTelemetry's: the type of the exception that ended the work. Absent when it ended well.</summary>
    public const string ErrorType = "error.type";
}
