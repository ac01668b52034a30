using GmailCluster.Grains;
using GmailCluster.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GmailCluster.Cluster.Experiments;

/// <summary>
/// Brings experiments back whose silo was lost: calls every one that the store marks as running, now and then and whenever the
/// membership changes. One silo of the cluster does; while silos disagree about which, two do, and being called twice changes nothing.
/// </summary>
internal sealed partial class ExperimentWatchdog(
    IObjectStore store, IGrainFactory grains, ISiloStatusOracle silos, TimeProvider time, IOptions<ExperimentOptions> options, ILogger<ExperimentWatchdog> logger)
    : BackgroundService, ISiloStatusListener
{
    private readonly SemaphoreSlim _changed = new(0);

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status) => _changed.Release();

    public override void Dispose()
    {
        _changed.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        silos.SubscribeToSiloStatusEvents(this);
        try
        {
            using var period = new PeriodicTimer(options.Value.WatchPeriod, time);
            var tick = period.WaitForNextTickAsync(stoppingToken).AsTask();
            var change = _changed.WaitAsync(stoppingToken);
            while (!stoppingToken.IsCancellationRequested)
            {
                if (IsFirst())
                {
                    await AttendAll(stoppingToken);
                }

                await Task.WhenAny(tick, change);
                while (_changed.Wait(0, CancellationToken.None))
                {
                    // Several changes at once are one reason to look.
                }

                tick = tick.IsCompleted ? period.WaitForNextTickAsync(stoppingToken).AsTask() : tick;
                change = change.IsCompleted ? _changed.WaitAsync(stoppingToken) : change;
            }
        }
        finally
        {
            silos.UnSubscribeFromSiloStatusEvents(this);
        }
    }

    private bool IsFirst() => silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Min() is { } first && first.Equals(silos.SiloAddress);

    private async Task AttendAll(CancellationToken cancellationToken)
    {
        try
        {
            var calls = new List<Task>();
            await foreach (var id in RunningExperiments.List(store, cancellationToken))
            {
                calls.Add(Attend(id, cancellationToken));
            }

            await Task.WhenAll(calls);
        }
#pragma warning disable CA1031 // Whatever the store answered, the next look asks it again.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotListed(Reason.Of(e));
        }
    }

    private async Task Attend(string experiment, CancellationToken cancellationToken)
    {
        try
        {
            await grains.GetGrain<IExperimentGrain>(experiment).Attend(cancellationToken);
        }
#pragma warning disable CA1031 // One experiment that cannot be reached must not keep the others waiting.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotAttended(experiment, Reason.Of(e));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The running experiments could not be listed: {Reason} The next look asks again")]
    private partial void LogNotListed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Experiment} could not be looked after: {Reason} The next look tries again")]
    private partial void LogNotAttended(string experiment, string reason);
}
