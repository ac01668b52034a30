using System.Security.Cryptography;
using GmailCluster.Keys;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Tests.Exchange;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Tests.Training;

public sealed class SeveralSilosTests
{
    private static readonly OptimizerSpec Optimizer = new() { LearningRate = 1e-2, WarmupSteps = 3, ClipNorm = 1 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    [InlineData(1, 2, 1)]
    [InlineData(5, 1, 1)]
    public async Task Wherever_the_ranks_are_the_bits_are_the_same(params int[] counts)
    {
        var (alone, _) = await Train([counts.Sum()], holdAt: null);
        var (apart, committed) = await Train(counts, holdAt: null);

        Assert.All(apart, weights => Assert.Equal(alone[0], weights));
        Assert.All(committed, steps => Assert.Equal(12, steps));
    }

    [Fact]
    public async Task A_hold_that_one_silo_asks_for_stops_all_after_the_same_step()
    {
        var (_, committed) = await Train([2, 1, 1], holdAt: 5);

        Assert.Equal([6, 6, 6], committed);
    }

    private static async Task<(string[] Weights, int[] Committed)> Train(int[] counts, int? holdAt)
    {
        var network = new InMemoryNetwork(TimeProvider.System);
        await using var pool = new ComputePool(2);
        var firsts = counts.Select((_, i) => counts.Take(i).Sum()).ToArray();
        var members = counts.Select((count, i) => new ExchangeMember($"s{i}", $"s{i}", firsts[i], count)).ToArray();
        var replicas = new TrainingReplica[counts.Length];
        var tasks = counts.Select((_, i) => new RegressionTask
        {
            OnStep = (step, _) =>
            {
                if (i == 1 && step == holdAt)
                {
                    replicas[1].Hold();
                }
            },
        }).ToArray();
        for (var i = 0; i < counts.Length; i++)
        {
            replicas[i] = new TrainingReplica(tasks[i], Optimizer, 12, counts.Sum(), pool);
        }

        var planes = members.Select(member => network.Plane(member.Silo)).ToArray();
        var exchanges = await Task.WhenAll(planes.Select((plane, i) => plane.Join(
            new ExchangePlan(new ArtifactKey("0123456789abcdef0123456789abcdef"), 1, counts.Sum(), members, i), Token)));
        await Task.WhenAll(members.SelectMany((member, i) =>
        {
            replicas[i].Begin(new RankBlock(member.FirstRank, member.RankCount), members.Length == 1 ? null : exchanges[i]);
            return Enumerable.Range(member.FirstRank, member.RankCount).Select(async rank =>
            {
                for (var step = 0; step < 12 && await replicas[i].RunStep(rank, step, Token); step++)
                {
                }
            });
        }));
        var weights = tasks.Select(task => Convert.ToHexString(SHA256.HashData(task.Export()["values"]))).ToArray();
        var committed = replicas.Select(replica => replica.CommittedSteps).ToArray();
        foreach (var (exchange, replica, task) in exchanges.Zip(replicas, tasks))
        {
            await exchange.DisposeAsync();
            replica.Dispose();
            task.Dispose();
        }

        return (weights, committed);
    }
}
