using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Specs;
using GmailCluster.Stages;

namespace GmailCluster.Host.Api;

/// <summary>A stage and how it stands.</summary>
internal sealed record StageView
{
    /// <summary>Its artifact key.</summary>
    public required string Key { get; init; }

    /// <summary>What sort of work it is.</summary>
    public required StageKind Kind { get; init; }

    /// <summary>For people.</summary>
    public required string Title { get; init; }

    /// <summary>The arm, for stages that belong to one.</summary>
    public Arm? Arm { get; init; }

    /// <summary>The seed, for stages that depend on one.</summary>
    public int? Seed { get; init; }

    /// <summary>Keys of the stages that must be done before.</summary>
    public required IReadOnlyList<string> Needs { get; init; }

    /// <summary>What the work is counted in.</summary>
    public required string Unit { get; init; }

    /// <summary>Where it stands.</summary>
    public required StagePhase Phase { get; init; }

    /// <summary>Finished items or steps.</summary>
    public required long Done { get; init; }

    /// <summary>All of them; 0 when not known.</summary>
    public required long Total { get; init; }

    /// <summary>How many an earlier attempt had finished.</summary>
    public required long Before { get; init; }

    /// <summary>It was done before this submission.</summary>
    public required bool Cached { get; init; }

    /// <summary>One phrase, such as the last loss.</summary>
    public string? Detail { get; init; }

    /// <summary>Why it waits or was started again.</summary>
    public string? Reason { get; init; }

    /// <summary>What went wrong without ending it.</summary>
    public string? Warning { get; init; }

    /// <summary>Why it failed.</summary>
    public StageFailure? Failure { get; init; }

    public static StageView Of(Stage stage, StageStatus status) => new()
    {
        Key = stage.Key.Value,
        Kind = stage.Kind,
        Title = stage.Title,
        Arm = stage.Arm,
        Seed = stage.Seed,
        Needs = [.. stage.Needs.Select(need => need.Value)],
        Unit = stage.Unit,
        Phase = status.Progress.Phase,
        Done = status.Progress.Done,
        Total = status.Progress.Total,
        Before = status.Progress.Before,
        Cached = status.Cached,
        Detail = status.Progress.Detail,
        Reason = status.Reason,
        Warning = status.Progress.Warning,
        Failure = status.Progress.Failure,
    };

    /// <summary>The stage, without its settings: those name paths and are nobody's business outside.</summary>
    public Stage ToStage() => new()
    {
        Key = new ArtifactKey(Key), Kind = Kind, Title = Title, Arm = Arm, Seed = Seed, Needs = [.. Needs.Select(need => new ArtifactKey(need))], Size = Total, Unit = Unit, Settings = "{}",
    };

    public StageStatus ToStatus() => new(new ArtifactKey(Key), new StageProgress(Phase, Done, Total, Detail, Failure, Before, Warning), Cached, Reason);
}
