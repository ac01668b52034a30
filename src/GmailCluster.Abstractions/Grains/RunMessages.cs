using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Grains;

/// <summary>What a node says of a run when it is asked to make ready for a new plan.</summary>
/// <param name="Silo">The node.</param>
/// <param name="Readiness">Whether its older steps have ended.</param>
/// <param name="Node">What it offers.</param>
/// <param name="IsOpen">The run's model and data are loaded.</param>
/// <param name="CommittedSteps">How far its copy of the run's state is; null when it has none.</param>
/// <param name="Seconds">Time that the run has taken, as far as the node knows.</param>
[GenerateSerializer, Immutable, Alias("gmail.run-report")]
public sealed record RunReport(
    [property: Id(0)] string Silo,
    [property: Id(1)] RunReadiness Readiness,
    [property: Id(2)] RunNode Node,
    [property: Id(3)] bool IsOpen = false,
    [property: Id(4)] int? CommittedSteps = null,
    [property: Id(5)] double Seconds = 0);

/// <summary>Whether a node is ready for a new plan.</summary>
public enum RunReadiness
{
    /// <summary>Nothing of an older plan runs there any more: what it says of its state stays true.</summary>
    Ready,

    /// <summary>A rank still computes; it ends with the phase it is in. Ask again.</summary>
    Ending,

    /// <summary>The node has heard of a higher generation number: whoever asks is not the run's owner any more.</summary>
    Stale,
}

/// <summary>What a node offers a run.</summary>
/// <param name="Silo">Its address in the cluster.</param>
/// <param name="Address">Where its data plane listens.</param>
/// <param name="Slots">Ranks that compute at once.</param>
/// <param name="RoundTime">Measured time for as many ranks as there are slots to do a step; null when not measured.</param>
/// <param name="IsDraining">It takes no ranks any more.</param>
[GenerateSerializer, Immutable, Alias("gmail.run-node")]
public sealed record RunNode(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Address,
    [property: Id(2)] int Slots,
    [property: Id(3)] TimeSpan? RoundTime = null,
    [property: Id(4)] bool IsDraining = false);

/// <summary>Asks a node to load a run.</summary>
/// <param name="Run">The stage.</param>
/// <param name="GenerationNumber">The plan that is being made.</param>
/// <param name="Source">Where the state comes from.</param>
/// <param name="Address">For <see cref="StateSource.Peer"/>: whose.</param>
/// <param name="Steps">How many steps the state must have, apart from <see cref="StateSource.Checkpoint"/>.</param>
[GenerateSerializer, Immutable, Alias("gmail.load-order")]
public sealed record LoadOrder(
    [property: Id(0)] Stage Run,
    [property: Id(1)] long GenerationNumber,
    [property: Id(2)] StateSource Source,
    [property: Id(3)] string? Address = null,
    [property: Id(4)] int Steps = 0);

/// <summary>Where a node gets a run's state.</summary>
public enum StateSource
{
    /// <summary>No state yet, only model and data: a node that may take ranks later.</summary>
    None,

    /// <summary>What it has; for a run that begins, the state of step 0.</summary>
    Own,

    /// <summary>Another node.</summary>
    Peer,

    /// <summary>The newest checkpoint that is whole.</summary>
    Checkpoint,
}

/// <summary>How far loading is. A node answers after a few seconds at the latest; whoever asks asks again.</summary>
/// <param name="Phase">How far.</param>
/// <param name="Node">What the node offers.</param>
/// <param name="Steps">When ready: committed steps.</param>
/// <param name="Seconds">When ready: time that the run had taken.</param>
/// <param name="Notes">Checkpoints that were passed over, and why.</param>
/// <param name="Failure">When failed: why.</param>
/// <param name="LostSource">When failed: the source was what could not be reached.</param>
[GenerateSerializer, Immutable, Alias("gmail.load-answer")]
public sealed record LoadAnswer(
    [property: Id(0)] WorkPhase Phase,
    [property: Id(1)] RunNode Node,
    [property: Id(2)] int Steps = 0,
    [property: Id(3)] double Seconds = 0,
    [property: Id(4)] IReadOnlyList<string>? Notes = null,
    [property: Id(5)] StageFailure? Failure = null,
    [property: Id(6)] bool LostSource = false);

/// <summary>How far loading or writing is.</summary>
public enum WorkPhase
{
    /// <summary>Under way.</summary>
    Working,

    /// <summary>Done.</summary>
    Ready,

    /// <summary>The node has heard of a higher generation number.</summary>
    Stale,

    /// <summary>It failed.</summary>
    Failed,
}

/// <summary>Asks the writer of a plan for the trained result and the stage's record.</summary>
/// <param name="Run">The stage.</param>
/// <param name="GenerationNumber">The plan.</param>
/// <param name="Notes">For the record.</param>
[GenerateSerializer, Immutable, Alias("gmail.finish-order")]
public sealed record FinishOrder([property: Id(0)] Stage Run, [property: Id(1)] long GenerationNumber, [property: Id(2)] IReadOnlyList<string> Notes);

/// <summary>How far the writing of a result is. A node answers after a few seconds at the latest; whoever asks asks again.</summary>
/// <param name="Phase">How far: ready when the stage's record is in the store.</param>
/// <param name="Failure">When failed: why.</param>
[GenerateSerializer, Immutable, Alias("gmail.finish-answer")]
public sealed record FinishAnswer([property: Id(0)] WorkPhase Phase, [property: Id(1)] StageFailure? Failure = null);

/// <summary>How far a run is on a node.</summary>
/// <param name="Run">The run.</param>
/// <param name="GenerationNumber">The plan under which ranks run here; null when none do.</param>
/// <param name="CommittedSteps">Committed steps.</param>
/// <param name="LastLoss">The loss of the last one.</param>
/// <param name="Warning">Why the last checkpoint was not written; null when it was.</param>
/// <param name="Node">What the node offers.</param>
/// <param name="Reports">How ranks have ended here under that plan: the owner may not have heard it from them.</param>
[GenerateSerializer, Immutable, Alias("gmail.run-progress")]
public sealed record RunProgress(
    [property: Id(0)] ArtifactKey Run,
    [property: Id(1)] long? GenerationNumber,
    [property: Id(2)] int CommittedSteps,
    [property: Id(3)] double? LastLoss,
    [property: Id(4)] string? Warning,
    [property: Id(5)] RunNode Node,
    [property: Id(6)] IReadOnlyList<RankReport> Reports);
