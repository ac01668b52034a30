using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Inputs;
using GmailCluster.Learning.Tasks;
using GmailCluster.Learning.Training;
using GmailCluster.Stages;
using TorchSharp;

namespace GmailCluster.Host.Tests.Experiments;

/// <summary>
/// Tensors live outside the garbage collector's sight: whatever is not given back in its scope piles up. Counted over the whole
/// process, so nothing else may run beside.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed class NativeMemoryTests
{
    private const int WarmUpSteps = 20;
    private const int Steps = 120;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_leaves_no_tensor_to_the_garbage_collector()
    {
        using var experiment = new TinyExperiment();
        Collected();

        await experiment.Run(slots: 2, Token);

        Assert.Equal(0, Collected());
    }

    [Fact]
    public async Task Training_holds_as_many_tensors_after_120_steps_as_after_20()
    {
        using var experiment = new TinyExperiment();
        await experiment.Run(slots: 2, Token);
        var trained = (await experiment.Plan(Token)).Stages
            .Where(stage => stage.Kind is StageKind.Align or StageKind.Caption or StageKind.Retrieve or StageKind.Long or StageKind.Llava)
            .DistinctBy(stage => stage.Kind);

        var held = new List<(StageKind Kind, long After20, long After120)>();
        foreach (var stage in trained)
        {
            held.Add(await Train(experiment, stage));
        }

        Assert.Equal(5, held.Count);
        Assert.All(held, counts => Assert.Equal(counts.After20, counts.After120));
    }

    private static async Task<(StageKind Kind, long After20, long After120)> Train(TinyExperiment experiment, Stage stage)
    {
        await using var pool = new ComputePool(2);
        var opened = await new LearningTasks(experiment.Store, new InputFolders(experiment.Store, experiment.Folder)).Open(stage, Token);
        using var task = opened.Task;
        using var replica = new TrainingReplica(task, opened.Optimizer, Steps, worldSize: 2, pool);
        await Run(replica, WarmUpSteps);
        var after20 = torch.Tensor.TotalCount;
        await Run(replica, Steps);
        return (stage.Kind, after20, torch.Tensor.TotalCount);
    }

    // How many tensors were given back only now, by finalizers: each was forgotten by somebody.
    private static long Collected()
    {
        var before = torch.Tensor.TotalCount;
#pragma warning disable RS0030 // What is forgotten shows only when it is collected.
        GC.Collect();
        GC.WaitForPendingFinalizers();
#pragma warning restore RS0030
        return before - torch.Tensor.TotalCount;
    }

    private static async Task Run(TrainingReplica replica, int until)
    {
        for (var step = replica.CommittedSteps; step < until; step++)
        {
            await Task.WhenAll(Enumerable.Range(0, replica.WorldSize).Select(rank => replica.RunStep(rank, step, Token)));
        }
    }
}
