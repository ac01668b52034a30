using GmailCluster.Stages;

namespace GmailCluster.Cli.Display;

/// <summary>Phases as people read them.</summary>
internal static class PhaseWords
{
    /// <summary>"running", "done".</summary>
    public static string Of(StagePhase phase) => phase switch
    {
        StagePhase.Pending => "waiting",
        StagePhase.Running => "running",
        StagePhase.Done => "done",
        StagePhase.Failed => "failed",
        StagePhase.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(phase), phase, null),
    };
}
