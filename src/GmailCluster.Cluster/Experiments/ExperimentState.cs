using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Experiments;

/// <summary>An experiment's durable state.</summary>
public sealed record ExperimentState
{
    /// <summary>What was submitted.</summary>
    public ExperimentOrder? Order { get; init; }

    /// <summary>The whole.</summary>
    public StagePhase Phase { get; init; }

    /// <summary>Why it failed.</summary>
    public StageFailure? Failure { get; init; }

    /// <summary>When it was last submitted.</summary>
    public DateTimeOffset SubmittedAt { get; init; }

    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Stages that were done before it was submitted.</summary>
    public IReadOnlyList<ArtifactKey> Cached { get; init; } = [];

    /// <summary>The experiment's span, for whoever takes it up; null when nobody listened.</summary>
    public string? TraceParent { get; init; }
}
