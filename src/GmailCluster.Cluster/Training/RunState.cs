using GmailCluster.Grains;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Training;

/// <summary>A run's durable state: enough for another silo to go on with it.</summary>
public sealed record RunState
{
    /// <summary>Raised with every plan, in the store before anybody hears of it; messages of an older one are refused.</summary>
    public long GenerationNumber { get; init; }

    /// <summary>Where the run stands.</summary>
    public StagePhase Phase { get; init; }

    /// <summary>What is trained.</summary>
    public Stage? Stage { get; init; }

    /// <summary>The span that it was started in: whoever takes it up goes on in that trace. Null when nobody listened.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Why it failed.</summary>
    public StageFailure? Failure { get; init; }

    /// <summary>What happened, oldest first.</summary>
    public IReadOnlyList<RunEvent> Events { get; init; } = [];
}
