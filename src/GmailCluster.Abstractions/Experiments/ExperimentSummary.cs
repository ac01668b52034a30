using GmailCluster.Stages;

namespace GmailCluster.Experiments;

/// <summary>An experiment in one line, as the store keeps it at <c>experiments/&lt;id&gt;/status.json</c>, up to date whenever a stage ends.</summary>
public sealed record ExperimentSummary
{
    /// <summary>The experiment's id.</summary>
    public required string Id { get; init; }

    /// <summary>Where it stands.</summary>
    public required StagePhase Phase { get; init; }

    /// <summary>When it was last submitted.</summary>
    public required DateTimeOffset SubmittedAt { get; init; }

    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Stages that are done.</summary>
    public required int StagesDone { get; init; }

    /// <summary>All stages.</summary>
    public required int StageCount { get; init; }

    /// <summary>Why it failed; null otherwise.</summary>
    public string? Failure { get; init; }

    /// <summary>Where an experiment's summary is.</summary>
    public static string ObjectKey(string experiment) => $"experiments/{experiment}/status.json";
}
