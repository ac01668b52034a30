using GmailCluster.Experiments;
using GmailCluster.Keys;
using GmailCluster.Stages;
using Orleans.Concurrency;

namespace GmailCluster.Grains;

/// <summary>One submitted spec: starts stages as their needs are met, keeps status and events. Key: the experiment's id.</summary>
[Alias("gmail.IExperimentGrain")]
public interface IExperimentGrain : IGrainWithStringKey
{
    /// <summary>Starts or resumes the experiment. Submitting a running one changes nothing.</summary>
    [Alias("Submit")]
    Task Submit(ExperimentOrder order, CancellationToken cancellationToken);

    /// <summary>Goes on with what was submitted, after a failure or a cancellation; running, it changes nothing.</summary>
    /// <returns>False when nothing was ever submitted under this id.</returns>
    [Alias("Resume")]
    Task<bool> Resume(CancellationToken cancellationToken);

    /// <summary>The experiment as it stands.</summary>
    [Alias("GetStatus"), AlwaysInterleave]
    Task<ExperimentStatus> GetStatus(CancellationToken cancellationToken);

    /// <summary>What was submitted; null when nothing was.</summary>
    [Alias("GetOrder"), AlwaysInterleave]
    Task<ExperimentOrder?> GetOrder(CancellationToken cancellationToken);

    /// <summary>What happened after an event, oldest first, at most <see cref="ExperimentEvent.PageSize"/>.</summary>
    /// <param name="after">Number of the last event known; 0 for all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [Alias("GetEvents"), AlwaysInterleave]
    Task<IReadOnlyList<ExperimentEvent>> GetEvents(long after, CancellationToken cancellationToken);

    /// <summary>Stops all running stages at their next safe point.</summary>
    [Alias("Cancel")]
    Task Cancel(CancellationToken cancellationToken);

    /// <summary>
    /// Says that the store calls this experiment running: being called brings it back after its silo was lost. One that has
    /// ended mends what the store says.
    /// </summary>
    [Alias("Attend")]
    Task Attend(CancellationToken cancellationToken);
}

/// <summary>A planned spec.</summary>
/// <param name="Id">The experiment's id.</param>
/// <param name="SpecYaml">The spec as written.</param>
/// <param name="Stages">The stage graph, needs before needers.</param>
/// <param name="IsDetached">It goes on without its submitter: whichever silo lives looks after it.</param>
/// <param name="IsReported">Ends with results.json and report.html.</param>
[GenerateSerializer, Immutable, Alias("gmail.experiment-order")]
public sealed record ExperimentOrder(
    [property: Id(0)] string Id,
    [property: Id(1)] string SpecYaml,
    [property: Id(2)] IReadOnlyList<Stage> Stages,
    [property: Id(3)] bool IsDetached = false,
    [property: Id(4)] bool IsReported = true);

/// <summary>An experiment's state, for people and for <c>run</c>.</summary>
/// <param name="Phase">The whole.</param>
/// <param name="Stages">Each stage, in the order's order.</param>
/// <param name="Failure">The first failure; null when there is none.</param>
/// <param name="Activity">What it does beside its stages, such as writing the report; null for nothing.</param>
[GenerateSerializer, Immutable, Alias("gmail.experiment-status")]
public sealed record ExperimentStatus(
    [property: Id(0)] StagePhase Phase,
    [property: Id(1)] IReadOnlyList<StageStatus> Stages,
    [property: Id(2)] StageFailure? Failure,
    [property: Id(3)] string? Activity = null);

/// <summary>A stage's state within an experiment.</summary>
/// <param name="Key">The stage.</param>
/// <param name="Progress">How far it is.</param>
/// <param name="Cached">It was done before this submission.</param>
/// <param name="Reason">In words, why it waits or was started again; null when there is nothing to say.</param>
[GenerateSerializer, Immutable, Alias("gmail.stage-status")]
public sealed record StageStatus(
    [property: Id(0)] ArtifactKey Key,
    [property: Id(1)] StageProgress Progress,
    [property: Id(2)] bool Cached,
    [property: Id(3)] string? Reason = null);
