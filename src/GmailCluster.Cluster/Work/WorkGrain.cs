using GmailCluster.Cluster.Stages;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Learning.Work;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Work;

/// <inheritdoc cref="IWorkGrain"/>
internal sealed partial class WorkGrain(IObjectStore store, RecordedWork work, ILogger<WorkGrain> logger) : Grain, IWorkGrain
{
    private readonly WorkProgress _progress = new();
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;
    private StagePhase _phase = StagePhase.Pending;
    private StageFailure? _failure;

    public async Task Start(Stage stage, CancellationToken cancellationToken)
    {
        if (_phase is StagePhase.Running or StagePhase.Done)
        {
            return;
        }

        if (await StageRecords.Read(store, new ArtifactKey(this.GetPrimaryKeyString()), cancellationToken) is not null)
        {
            _phase = StagePhase.Done;
            return;
        }

        (_phase, _failure) = (StagePhase.Running, null);
        _stop?.Dispose();
        _stop = new CancellationTokenSource();
        _progress.Start(stage.Size);
        this.DelayDeactivation(TimeSpan.FromDays(365)); // the work below goes on although no call does
        _running = Run(stage, _stop.Token);
    }

    public Task<StageProgress> GetProgress(CancellationToken cancellationToken) =>
        Task.FromResult(new StageProgress(_phase, _progress.Done, _progress.Total, null, _failure));

    public async Task Cancel(CancellationToken cancellationToken)
    {
        if (_stop is not null)
        {
            await _stop.CancelAsync();
            await _running;
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Cancel(cancellationToken);

    private async Task Run(Stage stage, CancellationToken stop)
    {
        try
        {
            await work.Run(stage, _progress, stop);
            _phase = StagePhase.Done;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _phase = StagePhase.Cancelled;
        }
#pragma warning disable CA1031 // Whatever went wrong is the stage's failure, told in its words.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(stage.Title, e);
            (_failure, _phase) = (StageFailure.From(e), StagePhase.Failed);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Stage} failed; its experiment is told")]
    private partial void LogFailed(string stage, Exception exception);
}
