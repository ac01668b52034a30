using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Grains;

/// <summary>One submitted spec: starts stages as their needs are met, keeps status and events. Key: the experiment's id.</summary>
[Alias("gmail.IExperimentGrain")]
public interface IExperimentGrain : IGrainWithStringKey
{
    /// <summary>Starts or resumes the experiment. Submitting a running one changes nothing.</summary>
    [Alias("Submit")]
    Task Submit(ExperimentOrder order, CancellationToken cancellationToken);

    /// <summary>The experiment as it stands.</summary>
    [Alias("GetStatus")]
    Task<ExperimentStatus> GetStatus(CancellationToken cancellationToken);

    /// <summary>Stops all running stages at their next safe point.</summary>
    [Alias("Cancel")]
    Task Cancel(CancellationToken cancellationToken);
}

/// <summary>A planned spec.</summary>
/// <param name="Id">The experiment's id.</param>
/// <param name="SpecYaml">The spec as written.</param>
/// <param name="Stages">The stage graph, needs before needers.</param>
[GenerateSerializer, Immutable, Alias("gmail.experiment-order")]
public sealed record ExperimentOrder(
    [property: Id(0)] string Id, [property: Id(1)] string SpecYaml, [property: Id(2)] IReadOnlyList<Stage> Stages);

/// <summary>An experiment's state, for people and for <c>run</c>.</summary>
/// <param name="Phase">The whole.</param>
/// <param name="Stages">Each stage.</param>
/// <param name="Failure">The first failure; null when there is none.</param>
[GenerateSerializer, Immutable, Alias("gmail.experiment-status")]
public sealed record ExperimentStatus(
    [property: Id(0)] StagePhase Phase, [property: Id(1)] IReadOnlyList<StageStatus> Stages, [property: Id(2)] StageFailure? Failure);

/// <summary>A stage's state within an experiment.</summary>
/// <param name="Key">The stage.</param>
/// <param name="Progress">How far it is.</param>
/// <param name="Cached">It was done before this submission.</param>
[GenerateSerializer, Immutable, Alias("gmail.stage-status")]
public sealed record StageStatus(
    [property: Id(0)] ArtifactKey Key, [property: Id(1)] StageProgress Progress, [property: Id(2)] bool Cached);
