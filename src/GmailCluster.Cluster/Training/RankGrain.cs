using GmailCluster.Grains;
using GmailCluster.Stages;
using GmailCluster.Telemetry;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>One virtual rank: walks through the steps and leaves the tensors to the silo's replica.</summary>
internal abstract partial class RankGrain(IGrainFactory grains, ReplicaHost replicas, ILogger logger) : Grain, IRankGrain
{
    private RankAssignment? _assignment;
    private CancellationTokenSource? _stop;
    private Task<Outcome> _steps = Task.FromResult(new Outcome(true, null));

    // Apart from the steps: the run grain, told of a failure, ends this rank and waits for its steps, which must not wait for it.
    private Task _report = Task.CompletedTask;

    public async Task Begin(RankAssignment assignment, CancellationToken cancellationToken)
    {
        if (_assignment is { } present && assignment.GenerationNumber <= present.GenerationNumber)
        {
            return;
        }

        await Stop();
        _assignment = assignment;
        _stop = new CancellationTokenSource();
        this.DelayDeactivation(TimeSpan.FromDays(365)); // the steps below are work in hand although no call is
        _steps = Walk(assignment, _stop.Token);
        _report = Report(assignment, _steps);
    }

    public async Task End(long generationNumber, CancellationToken cancellationToken)
    {
        if (_assignment is { } present && present.GenerationNumber <= generationNumber)
        {
            await Stop();
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Stop();

    private async Task<Outcome> Walk(RankAssignment assignment, CancellationToken stop)
    {
        try
        {
            var replica = await replicas.Open(assignment.Run, assignment.GenerationNumber, stop);
            for (var step = replica.CommittedSteps; step < replica.Steps; step++)
            {
                using var span = Spans.Step.Start()?.WithRun(assignment.Run.Key).WithRank(assignment.Rank).WithGenerationNumber(assignment.GenerationNumber).WithStep(step);
                await replica.RunStep(assignment.Rank, step, stop);
            }

            return new Outcome(false, null);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return new Outcome(true, null);
        }
#pragma warning disable CA1031 // Whatever went wrong is the run's failure, told in its words.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(assignment.Rank, assignment.Run.Title, e);
            return new Outcome(false, StageFailure.From(e));
        }
    }

    private async Task Report(RankAssignment assignment, Task<Outcome> steps)
    {
        var (ended, failure) = await steps;
        var run = grains.GetGrain<ITrainingRunGrain>(assignment.Run.Key.Value);
        if (failure is not null)
        {
            await run.RankFailed(assignment.Rank, assignment.GenerationNumber, failure, CancellationToken.None);
        }
        else if (!ended)
        {
            await run.RankFinished(assignment.Rank, assignment.GenerationNumber, CancellationToken.None);
            DeactivateOnIdle();
        }
    }

    private async Task Stop()
    {
        if (_stop is not null)
        {
            await _stop.CancelAsync();
            await _steps;
            _stop.Dispose();
            _stop = null;
        }
    }

    private sealed record Outcome(bool Ended, StageFailure? Failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "Rank {Rank} of {Run} could not go on; the run is told")]
    private partial void LogFailed(int rank, string run, Exception exception);
}

/// <inheritdoc cref="IAlignmentWorkerGrain"/>
internal sealed class AlignmentWorkerGrain(IGrainFactory grains, ReplicaHost replicas, ILogger<AlignmentWorkerGrain> logger)
    : RankGrain(grains, replicas, logger), IAlignmentWorkerGrain;

/// <inheritdoc cref="ITrainerGrain"/>
internal sealed class TrainerGrain(IGrainFactory grains, ReplicaHost replicas, ILogger<TrainerGrain> logger)
    : RankGrain(grains, replicas, logger), ITrainerGrain;
