using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;

namespace GmailCluster.Bench.Cases;

/// <summary>A training step as runs do it: a rank for each slot, their gradients summed along the tree, AdamW on flat buffers.</summary>
internal sealed class TrainingWorkload : Workload
{
    private readonly ILearningTask _task;
    private readonly TrainingReplica _replica;
    private int _step;

    public TrainingWorkload(ILearningTask task, string unit, int batch, ComputePool pool)
        : base(pool)
    {
        (_task, Unit, ItemsPerStep) = (task, unit, batch);
        _replica = new TrainingReplica(task, new OptimizerSpec { LearningRate = 1e-4, WeightDecay = 0.01 }, steps: 1_000_000, worldSize: pool.Slots, pool);
    }

    public override string Unit { get; }

    public override int ItemsPerStep { get; }

    public override async Task Step()
    {
        await Task.WhenAll(Enumerable.Range(0, _replica.WorldSize).Select(rank => _replica.RunStep(rank, _step, CancellationToken.None)));
        _step++;
    }

    public override void Dispose()
    {
        _replica.Dispose();
        _task.Dispose();
    }
}
