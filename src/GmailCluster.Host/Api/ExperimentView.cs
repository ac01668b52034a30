using GmailCluster.Experiments;
using GmailCluster.Grains;
using GmailCluster.Stages;

namespace GmailCluster.Host.Api;

/// <summary>An experiment as it stands.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Phase">The whole.</param>
/// <param name="Stages">The stage graph, needs before needers.</param>
/// <param name="Activity">What it does beside its stages, such as writing the report.</param>
/// <param name="Failure">The first failure.</param>
internal sealed record ExperimentView(string Id, StagePhase Phase, IReadOnlyList<StageView> Stages, string? Activity = null, StageFailure? Failure = null)
{
    public static ExperimentView Of(string id, ExperimentStatus status, IReadOnlyList<Stage> stages) =>
        new(id, status.Phase, [.. stages.Zip(status.Stages, StageView.Of)], status.Activity, status.Failure);

    /// <summary>The status that this was made from.</summary>
    public ExperimentStatus ToStatus() => new(Phase, [.. Stages.Select(stage => stage.ToStatus())], Failure, Activity);
}

/// <summary>Experiments of the store, the last submitted first.</summary>
/// <param name="Items">Those asked for.</param>
/// <param name="Total">How many there are.</param>
internal sealed record ExperimentPage(IReadOnlyList<ExperimentSummary> Items, int Total);

/// <summary>What was submitted.</summary>
/// <param name="Id">The experiment's id; null while its files are still being taken in: send the same request again.</param>
internal sealed record SubmissionView(string? Id = null);
