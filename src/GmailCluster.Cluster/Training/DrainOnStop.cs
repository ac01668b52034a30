using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>Before a silo leaves: its ranks go on elsewhere after the step in flight, or, when there is no elsewhere, are saved.</summary>
internal sealed partial class DrainOnStop(ReplicaHost replicas, TimeProvider time, ILogger<DrainOnStop> logger) : IHostedService
{
    // A step that takes longer is broken off by the run's owner (RunOptions.HoldLimit); an orchestrator gives 30 s in all.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(25);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await replicas.Drain(either.Token);
        }
        catch (OperationCanceledException)
        {
            LogNotHandedOver(Limit.TotalSeconds);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody has taken over this silo's ranks within {Seconds} s; they go on elsewhere from the last step that others have")]
    private partial void LogNotHandedOver(double seconds);
}
