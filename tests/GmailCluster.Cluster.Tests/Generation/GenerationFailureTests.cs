namespace GmailCluster.Cluster.Tests.Generation;

/// <summary>Silos die while they generate.</summary>
[Collection(nameof(GenerationCollection))]
public sealed class GenerationFailureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_shards_of_a_killed_silo_are_made_by_others_with_the_same_bytes()
    {
        var victim = "";
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cluster = await GenerationCluster.Start(3, async (silo, _, token) =>
        {
            if (silo == Volatile.Read(ref victim))
            {
                hangs.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token); // holds its lease and never commits
            }

            await hangs.Task.WaitAsync(token); // or all would be done before the victim has anything
        });
        await cluster.Owner.GetProgress(Token); // the owner is somewhere
        var killed = cluster.Silos.First(silo => silo != cluster.SiloOfOwner());
        Volatile.Write(ref victim, killed.Name);
        var running = cluster.RunToTheEnd(Token);
        await hangs.Task.WaitAsync(GenerationCluster.Limit, Token);

        await cluster.Kill(killed);
        await running;

        Assert.Equal(await GenerationCluster.Expected(), await cluster.Manifest());
        Assert.DoesNotContain(cluster.Made, made => made.Silo == killed.Name);
    }

    [Fact]
    public async Task Work_in_hand_outlives_the_owner_and_is_not_done_twice()
    {
        const int InHand = 3 * 2;
        var asked = 0;
        var holding = new SemaphoreSlim(0);
        var othersMade = new SemaphoreSlim(0);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cluster = await GenerationCluster.Start(3, async (_, _, token) =>
        {
            if (Interlocked.Increment(ref asked) <= InHand)
            {
                holding.Release();
                await release.Task.WaitAsync(token);
            }
            else
            {
                othersMade.Release();
            }
        });
        await cluster.Owner.GetProgress(Token);
        var owners = cluster.SiloOfOwner();
        var running = cluster.RunToTheEnd(Token);
        await Take(holding, InHand);

        await cluster.Kill(owners);
        await cluster.Add(); // has nothing in hand, and would take what the two survivors have
        await Take(othersMade, GenerationCluster.ShardCount - InHand + 2);
        release.SetResult();
        await running;

        Assert.Equal(await GenerationCluster.Expected(), await cluster.Manifest());
        Assert.Equal(GenerationCluster.ShardCount, cluster.Made.Count);
    }

    [Fact]
    public async Task Owner_after_owner_may_die()
    {
        var made = 0;
        var ripe = new SemaphoreSlim(0);
        await using var cluster = await GenerationCluster.Start(4, (_, _, _) =>
        {
            if (Interlocked.Increment(ref made) % 8 == 0)
            {
                ripe.Release();
            }

            return Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
        });
        var running = cluster.RunToTheEnd(Token);
        for (var kill = 0; kill < 3; kill++)
        {
            await Take(ripe, 1);
            await cluster.Kill(cluster.FindSiloOfOwner() ?? cluster.Silos[0]);
        }

        await running;

        Assert.Equal(await GenerationCluster.Expected(), await cluster.Manifest());
    }

    private static async Task Take(SemaphoreSlim semaphore, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.True(await semaphore.WaitAsync(GenerationCluster.Limit, Token));
        }
    }
}
