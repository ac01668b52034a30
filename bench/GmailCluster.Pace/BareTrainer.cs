using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Inputs;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Training;
using GmailCluster.Storage;

namespace GmailCluster.Pace;

/// <summary>
/// The bare loop: the same model, data, ranks, optimiser and compute slots, and a loop around the steps. No silo, no grain, no plan,
/// no telemetry, no checkpoint, no record.
/// </summary>
internal sealed class BareTrainer(IObjectStore store, int slots, StepWatch watch) : ITrainer
{
    private readonly ComputePool _pool = new(slots);

    public string Address => "bare";

    public async Task Train(PlannedTraining training)
    {
        var opened = await new LearningTasks(store, new InputFolders(store, Path.GetTempPath())).Open(training.Stage, CancellationToken.None);
        using var task = opened.Task;
        using var replica = new TrainingReplica(task, opened.Optimizer, training.Steps, training.Ranks, _pool);
        replica.Committed += watch.Note;
        for (var step = 0; step < training.Steps; step++)
        {
            await Task.WhenAll(Enumerable.Range(0, training.Ranks).Select(rank => replica.RunStep(rank, step, CancellationToken.None)));
        }

        task.Export();
    }

    public ValueTask DisposeAsync() => _pool.DisposeAsync();
}
