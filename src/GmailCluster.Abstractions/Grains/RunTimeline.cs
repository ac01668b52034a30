using GmailCluster.Keys;
using GmailCluster.Telemetry;

namespace GmailCluster.Grains;

/// <summary>A run's steps so far, in a bounded number of points.</summary>
/// <param name="Points">Oldest first; each stands for one step or several that follow one another.</param>
[GenerateSerializer, Immutable, Alias("gmail.run-timeline")]
public sealed record RunTimeline([property: Id(0)] IReadOnlyList<TimelinePoint> Points)
{
    /// <summary>Where a finished run's is. It tells times, so it is no file of the stage's record: those are the same bits each time.</summary>
    public static string ObjectKey(ArtifactKey run) => $"runs/{run}/timeline.json";
}
