using System.Security.Cryptography;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Tests.Training;

public sealed class TrainingReplicaTests
{
    private static readonly OptimizerSpec Optimizer = new() { LearningRate = 1e-2, WarmupSteps = 3, ClipNorm = 1 };

    [Fact]
    public async Task Ranks_one_at_a_time_and_four_at_once_give_the_same_bits()
    {
        var serial = await Train(slots: 1, steps: 20);
        var parallel = await Train(slots: 4, steps: 20);

        Assert.Equal(serial, parallel);
    }

    [Fact]
    public async Task The_wire_type_is_part_of_the_result_on_one_silo_too()
    {
        var rounded = await Train(slots: 1, steps: 20, WireType.Bfloat16);

        Assert.NotEqual(await Train(slots: 1, steps: 20), rounded);
        Assert.Equal(rounded, await Train(slots: 3, steps: 20, WireType.Bfloat16));
    }

    [Fact]
    public async Task A_restored_run_ends_with_the_bits_of_an_unbroken_one()
    {
        await using var pool = new ComputePool(2);
        TrainingState state;
        using (var task = new RegressionTask())
        using (var replica = new TrainingReplica(task, Optimizer, 20, 4, pool))
        {
            await Run(replica, until: 9);
            state = replica.Snapshot();
        }

        using var resumedTask = new RegressionTask();
        using var resumed = new TrainingReplica(resumedTask, Optimizer, 20, 4, pool);
        resumed.Restore(state);
        await Run(resumed, until: 20);

        Assert.Equal(await Train(slots: 2, steps: 20), Sha256(resumedTask));
        Assert.Equal(20, resumed.Losses.Count);
    }

    [Fact]
    public async Task A_rank_that_fails_ends_the_step_for_all()
    {
        await using var pool = new ComputePool(2);
        using var task = new RegressionTask
        {
            OnStep = (step, rank) =>
            {
                if ((step, rank) == (2, 1))
                {
                    throw new InvalidDataException("broken");
                }
            },
        };
        using var replica = new TrainingReplica(task, Optimizer, 5, 3, pool);

        await Assert.ThrowsAsync<InvalidDataException>(() => Run(replica, until: 5));

        Assert.Equal(2, replica.CommittedSteps);
        await Assert.ThrowsAsync<InvalidDataException>(() => replica.RunStep(0, 2, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_loss_that_is_not_finite_is_named_with_its_step()
    {
        await using var pool = new ComputePool(1);
        using var task = new RegressionTask();
        task.Parameters.Values[0] = float.NaN;
        using var replica = new TrainingReplica(task, Optimizer, 5, 2, pool);

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => Run(replica, until: 1));

        Assert.Contains("step 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_is_committed_is_not_computed_again_and_one_ahead_is_refused()
    {
        await using var pool = new ComputePool(1);
        using var task = new RegressionTask();
        using var replica = new TrainingReplica(task, Optimizer, 5, 1, pool);
        await replica.RunStep(0, 0, TestContext.Current.CancellationToken);
        var committed = Sha256(task);

        await replica.RunStep(0, 0, TestContext.Current.CancellationToken);

        Assert.Equal(committed, Sha256(task));
        await Assert.ThrowsAsync<InvalidOperationException>(() => replica.RunStep(0, 3, TestContext.Current.CancellationToken));
    }

    private static async Task<string> Train(int slots, int steps, WireType wire = WireType.Float32)
    {
        await using var pool = new ComputePool(slots);
        using var task = new RegressionTask();
        using var replica = new TrainingReplica(task, Optimizer, steps, 4, pool, wire);
        await Run(replica, steps);
        return Sha256(task);
    }

    private static Task Run(TrainingReplica replica, int until) => Task.WhenAll(Enumerable.Range(0, replica.WorldSize).Select(async rank =>
    {
        for (var step = replica.CommittedSteps; step < until; step++)
        {
            await replica.RunStep(rank, step, TestContext.Current.CancellationToken);
        }
    }));

    private static string Sha256(RegressionTask task) => Convert.ToHexString(SHA256.HashData(task.Export()["values"]));
}
