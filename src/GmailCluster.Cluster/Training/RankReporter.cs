using GmailCluster.Grains;
using GmailCluster.Keys;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>Tells a run's owner how a rank ended, again and again until somebody hears it: the owner may be moving, too.</summary>
internal sealed partial class RankReporter(IGrainFactory grains, TimeProvider time, ILogger<RankReporter> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public async Task Report(ArtifactKey run, RankReport report, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                await grains.GetGrain<ITrainingRunGrain>(run.Value).Report(report, cancellationToken);
                return;
            }
#pragma warning disable CA1031 // Whatever keeps the owner from hearing it passes, or ends this silo's part in the run.
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                if (isFirst)
                {
                    var reason = Reason.Of(e);
                    LogNotHeard(run, report.Rank, report.Ending, reason);
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Run}: that rank {Rank} ended ({Ending}) could not be reported, which is tried until it is: {Reason}")]
    private partial void LogNotHeard(ArtifactKey run, int rank, RankEnding ending, string reason);
}
