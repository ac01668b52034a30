using GmailCluster.Cluster.Tests.Training.Simulation;
using GmailCluster.Learning.Compute;
using GmailCluster.Randomness;

namespace GmailCluster.Cluster.Tests.Training;

/// <summary>Whole runs on simulated silos: the real planning, training, checkpoints and recovery; struck at any message.</summary>
public sealed class SimulatedRunTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60); // bounds a failure, no more
    private readonly ComputePool _pool = new(1);
    private readonly FastClock _clock = new(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _clock.DisposeAsync();
        await _pool.DisposeAsync();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task Any_number_of_silos_gives_the_bits_of_one(int silos) => Assert.Equal(await Calm(1), await Calm(silos));

    [Fact]
    public async Task A_killed_silo_costs_the_step_in_flight_and_no_bit()
    {
        await using var cluster = Cluster(3);
        cluster.At(60, () => cluster.Kill("s1"));

        await Run(cluster);

        Assert.Equal(await Calm(1), await cluster.Result(Token));
        Assert.Contains(cluster.Events, text => text.Contains("s1 is gone", StringComparison.Ordinal) || text.Contains("given s1 up", StringComparison.Ordinal));
        Assert.Contains(cluster.Events, text => text.Contains(", with one step done again, because ", StringComparison.Ordinal));
        Assert.DoesNotContain(cluster.Events.Skip(1), text => text.Contains("from step 0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_all_silos_die_the_run_goes_on_from_its_checkpoint()
    {
        await using var cluster = Cluster(2);
        cluster.At(90, () =>
        {
            cluster.Kill("s0");
            cluster.Kill("s1");
            cluster.Add();
        });

        await Run(cluster);

        Assert.Equal(await Calm(1), await cluster.Result(Token));
    }

    [Fact]
    public async Task A_silo_that_joins_gets_ranks_after_a_whole_step()
    {
        await using var cluster = Cluster(1);
        var noticed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.OnEvent = text => Complete(noticed, text.Contains("s1 has joined", StringComparison.Ordinal));
        cluster.OnStep = (_, step) => step == 10 ? noticed.Task : Task.CompletedTask;
        cluster.At(30, () => cluster.Add());

        await Run(cluster);

        Assert.Equal(await Calm(1), await cluster.Result(Token));
        Assert.Contains(cluster.Events, text => text.Contains("ranks 2-3 on s1, from step 11, because s1 has joined", StringComparison.Ordinal));
    }

    [Fact]
    public async Task More_silos_than_ranks_stop_nobody()
    {
        await using var cluster = Cluster(6, steps: 2000);

        await Run(cluster);

        Assert.Single(cluster.Events);
    }

    [Fact]
    public async Task A_slow_silo_gets_fewer_ranks()
    {
        await using var cluster = Cluster(2, steps: 2000, worldSize: 8);
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.OnEvent = text => Complete(moved, text.Contains("done earlier", StringComparison.Ordinal));
        cluster.OnStep = (silo, _) => moved.Task.IsCompleted ? Task.CompletedTask : Task.Delay(TimeSpan.FromMilliseconds(silo == "s1" ? 20 : 10), TimeProvider.System);

        await Run(cluster);

        Assert.Equal(await Calm(1, steps: 2000, worldSize: 8), await cluster.Result(Token));
        Assert.Matches("ranks 0-[456] on s0, ranks [567]-7 on s1, from step .*done earlier", cluster.Events[^1]);
    }

    [Fact]
    public async Task A_silo_that_drains_hands_over_and_nothing_is_done_again()
    {
        await using var cluster = Cluster(2);
        var drained = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.OnStep = (_, step) =>
        {
            if (step == 10)
            {
                drained.TrySetResult(cluster.Drain("s0"));
            }

            return Task.CompletedTask;
        };

        await Run(cluster);
        await (await drained.Task).WaitAsync(Limit, Token);

        Assert.Equal(await Calm(1), await cluster.Result(Token));
        Assert.Contains(cluster.Events, text => text.Contains("ranks 0-3 on s1, from step 11, because a silo hands over its ranks", StringComparison.Ordinal));
    }

    /// <summary>Kills, hangs, returns, joins, drains, cuts and lost owners at random messages, several in a history.</summary>
    [Fact]
    public async Task No_history_changes_a_bit()
    {
        var calm = await Calm(1);

        await Parallel.ForEachAsync(Enumerable.Range(0, 300), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token }, async (seed, _) =>
        {
            await using var cluster = Cluster(2 + (seed % 4));
            var story = Strike(cluster, seed);
            try
            {
                await Run(cluster);
                Assert.Equal(calm, await cluster.Result(Token));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {string.Join("; ", story)}\n{string.Join('\n', cluster.Events)}", e);
            }
        });
    }

    // What strikes when is a function of the seed; how the silos' threads interleave is the machine's own addition.
    private static List<string> Strike(SimCluster cluster, int seed)
    {
        var random = CounterRandom.For((ulong)seed, "strikes");
        var story = new List<string>();
        var message = 0;
        var acts = 1 + (int)(random.NextUInt64() % 6);
        for (var i = 0; i < acts; i++)
        {
            message += 1 + (int)(random.NextUInt64() % 120);
            var (kind, which) = ((int)(random.NextUInt64() % 8), (int)(random.NextUInt64() % 16));
            cluster.At(message, () =>
            {
                var silos = cluster.Silos;
                var victim = silos[which % silos.Count];
                switch (kind)
                {
                    case 0 or 1:
                        story.Add($"kill {victim} at {cluster.Messages}");
                        cluster.Kill(victim);
                        break;
                    case 2:
                        story.Add($"hang {victim} at {cluster.Messages}");
                        cluster.Hang(victim);
                        cluster.At(cluster.Messages + 25, () => cluster.Resume(victim));
                        break;
                    case 3:
                        story.Add($"owner at {cluster.Messages}");
                        cluster.LoseOwner();
                        break;
                    case 4:
                        story.Add($"join at {cluster.Messages}");
                        cluster.Add();
                        break;
                    case 5 when silos.Count > 1:
                        story.Add($"drain {victim} at {cluster.Messages}");
                        _ = cluster.Drain(victim);
                        break;
                    case 6 when silos.Count > 2:
                        var other = silos[(which + 1) % silos.Count];
                        story.Add($"separate {victim} and {other} at {cluster.Messages}");
                        cluster.Separate(victim, other);
                        break;
                    default:
                        story.Add($"kill all at {cluster.Messages}");
                        foreach (var silo in silos)
                        {
                            cluster.Kill(silo);
                        }

                        break;
                }

                // Somebody is left, or comes: a cluster that stays dead has no end to compare.
                cluster.Add();
            });
        }

        return story;
    }

    private static void Complete(TaskCompletionSource source, bool isDue)
    {
        if (isDue)
        {
            source.TrySetResult();
        }
    }

    private SimCluster Cluster(int silos, int steps = 20, int worldSize = 4)
    {
        var cluster = new SimCluster(_pool, _clock, worldSize, steps);
        for (var i = 0; i < silos; i++)
        {
            cluster.Add();
        }

        return cluster;
    }

    private async Task<string> Calm(int silos, int steps = 20, int worldSize = 4)
    {
        await using var cluster = Cluster(silos, steps, worldSize);
        await Run(cluster);
        return await cluster.Result(Token);
    }

    private static async Task Run(SimCluster cluster)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        end.CancelAfter(Limit);
        var failure = await cluster.Run(end.Token);
        Assert.Null(failure);
    }
}
