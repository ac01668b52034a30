using GmailCluster.Stages;

namespace GmailCluster.Cluster.Experiments;

/// <summary>
/// The code version tag of each kind of stage, part of its key. Raise a number in the commit that makes the same spec give
/// other bytes: what was cached under the old number is then made anew.
/// </summary>
public static class StageVersions
{
    /// <summary>The tag of a kind.</summary>
    public static int Of(StageKind kind) => kind switch
    {
        StageKind.Import => 1,
        StageKind.Prompts => 1,
        StageKind.Generate => 1,
        StageKind.Features => 1,
        StageKind.Align => 1,
        StageKind.Caption => 1,
        StageKind.Retrieve => 1,
        StageKind.Long => 1,
        StageKind.Llava => 1,
        StageKind.Evaluate => 1,
        StageKind.Gap => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
