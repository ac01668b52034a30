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
        StageKind.Generate => 2,
        StageKind.Features => 2,
        StageKind.Align => 3,
        StageKind.Caption => 2,
        StageKind.Retrieve => 2,
        StageKind.Long => 2,
        StageKind.Llava => 2,
        StageKind.Evaluate => 2,
        StageKind.Gap => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
