using System.Text.Json;
using GmailCluster.Host.Tests.Experiments;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>
/// Silos, real processes, are killed, frozen, slowed, cut off, asked to leave and added while models train over all of them: the
/// trained bits are those of a calm run in one process. bench/chaos does the same at random for as long as one likes.
/// </summary>
public sealed class SurvivalTests(CalmTraining calm) : IClassFixture<CalmTraining>
{
    private const string Align = "align matched seed 0";
    private const string Caption = "caption gmail seed 0";

    [Fact]
    public async Task Silos_that_are_killed_frozen_and_drained_one_after_the_other_take_nothing_with_them()
    {
        using var experiment = CalmTraining.Fresh();
        await using var cluster = await SiloCluster.Start(experiment.Folder, 4);
        var id = await Submit(cluster);
        var first = await Begun(cluster, Align);

        var (killed, frozen, drained) = (Member(cluster, first, 0), Member(cluster, first, 1), Member(cluster, first, 2));
        killed.Kill();
        await Plan(cluster, Align, plan => !plan.Members.Contains(killed.Address));
        await Begun(cluster, Caption);
        frozen.Freeze();
        var without = await Plan(cluster, Caption, plan => !plan.Members.Contains(frozen.Address));
        frozen.Thaw(); // it comes back as somebody whom nobody knows any more
        drained.Drain();
        var left = await drained.End();
        await End(cluster, id);
        await frozen.End();

        Assert.Equal(calm.Weights, await CalmTraining.Trained(experiment));
        Assert.Equal(0, left.ExitCode);
        Assert.DoesNotContain(Plans(cluster, Caption), plan => plan.Members.Contains(frozen.Address) && plan.GenerationNumber >= without.GenerationNumber);
        Assert.DoesNotContain(drained.Address, Plans(cluster, Caption)[^1].Members);
    }

    [Fact]
    public async Task A_silo_that_joins_takes_ranks_after_a_whole_step_with_the_state_of_a_peer_and_can_go_on_alone()
    {
        using var experiment = CalmTraining.Fresh().With("every_steps: 20 ", "every_steps: 1000 "); // no checkpoint to take it from
        await using var cluster = await SiloCluster.Start(experiment.Folder, 1);
        var id = await Submit(cluster);
        var alone = await Begun(cluster, Align);

        // A silo takes longer to start than so few steps take: they wait for it.
        var lone = Member(cluster, alone, 0);
        lone.Freeze();
        var joined = await cluster.Add(listening: lone.Thaw);
        var both = await cluster.Journal.First<PlanMade>(plan => plan.Members.Contains(joined.Address) && plan.Step > 0);
        await cluster.Journal.First<FirstCommit>(commit => commit.Run == both.Run && commit.GenerationNumber == both.GenerationNumber);
        lone.Kill();
        var after = await Plan(cluster, both.Run, plan => plan.GenerationNumber > both.GenerationNumber);
        await End(cluster, id);

        Assert.Equal(calm.Weights, await CalmTraining.Trained(experiment));
        Assert.EndsWith(" has joined", both.Reason, StringComparison.Ordinal);
        Assert.StartsWith(joined.Address, both.Reason, StringComparison.Ordinal);
        Assert.Equal([2, 2], both.RankCounts);
        Assert.Equal([joined.Address], after.Members);
        Assert.True(after.Step > both.Step, $"It went on from step {after.Step}, but the other one had joined at {both.Step}.");
    }

    [Fact]
    public async Task The_owners_silo_and_another_one_at_once_are_killed_and_then_all_and_a_new_one_resumes()
    {
        using var experiment = CalmTraining.Fresh();
        await using var cluster = await SiloCluster.Start(experiment.Folder, 3);
        var id = await Submit(cluster);
        var begun = await Begun(cluster, Align);

        var (owner, others) = (begun.Teller, cluster.Silos.Where(silo => silo != begun.Teller).ToArray());
        owner.Kill();
        others[0].Kill();
        var alone = await Plan(cluster, Align, plan => plan.GenerationNumber > begun.GenerationNumber && plan.Members.Count == 1);
        await Begun(cluster, Caption);
        await others[1].Until(experiment.StorePath, await HasCheckpoint(experiment, Caption));
        others[1].Kill();
        var next = await cluster.Add();
        var resumed = await cluster.Command("resume", id);
        var again = await Plan(cluster, Caption, plan => plan.Members.Contains(next.Address));
        await End(cluster, id);

        Assert.Equal(calm.Weights, await CalmTraining.Trained(experiment));
        Assert.Equal((0, ""), (resumed.ExitCode, resumed.Error));
        Assert.Equal([others[1].Address], alone.Members);
        Assert.Equal(others[1], alone.Teller);
        Assert.True(again.Step > 0 && again.Step % 20 == 0, $"It resumed at step {again.Step}, which is no checkpoint's.");
    }

    [Fact]
    public async Task A_silo_that_is_slow_gets_fewer_ranks()
    {
        using var experiment = CalmTraining.Fresh();
        await using var cluster = await SiloCluster.Start(experiment.Folder, 2);
        var id = await Submit(cluster);
        var even = await Begun(cluster, Align);

        using var moved = new CancellationTokenSource();
        var slow = Member(cluster, even, 1);
        var slowness = slow.Slow(moved.Token);
        var uneven = await cluster.Journal.First<PlanMade>(plan => plan.Reason == "another silo would be done earlier");
        await moved.CancelAsync();
        await slowness;
        await End(cluster, id);

        Assert.Equal(calm.Weights, await CalmTraining.Trained(experiment));
        Assert.Equal([2, 2], even.RankCounts);
        Assert.True(uneven.RankCounts[uneven.Members.ToList().IndexOf(even.Members[0])] > 2, $"{string.Join(", ", uneven.RankCounts)} on {string.Join(", ", uneven.Members)}");
    }

    /// <summary>Two silos lose each other, but not Redis, the store or, if there is one, the third silo.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Two_silos_between_which_the_network_is_cut_for_a_while_do_no_harm(int silos)
    {
        using var network = new HostNetwork(silos);
        using var experiment = CalmTraining.Fresh();
        await using var cluster = SiloCluster.Start(experiment.Folder, network.Hub);
        var started = await Task.WhenAll(network.Hosts.Select(place => cluster.Add(place)));
        var id = await Submit(cluster);
        var whole = await Begun(cluster, Align);

        network.Cut();
        var parted = await Plan(cluster, Align, plan => !(plan.Members.Contains(started[0].Address) && plan.Members.Contains(started[1].Address)));
        await cluster.Journal.First<FirstCommit>(commit => commit.Run == Align && commit.GenerationNumber >= parted.GenerationNumber);
        network.Mend();
        await End(cluster, id);

        Assert.Equal(calm.Weights, await CalmTraining.Trained(experiment));
        Assert.Equal(silos, whole.Members.Count);
    }

    private static async Task<string> Submit(SiloCluster cluster)
    {
        var submitted = await cluster.Command("submit", "tiny.yaml", "--json");
        Assert.True(submitted.ExitCode == 0, submitted.Error);
        return JsonDocument.Parse(submitted.Out).RootElement.GetProperty("id").GetString()!;
    }

    // Waits until the experiment is done, whoever is left to do it.
    private static async Task End(SiloCluster cluster, string id)
    {
        var watched = await cluster.Command("watch", id);
        Assert.True(watched.ExitCode == 0, $"{watched.Out}{watched.Error}{string.Join('\n', cluster.Journal.Lines)}");
    }

    // The plan under which a run has committed its first step.
    private static async Task<PlanMade> Begun(SiloCluster cluster, string run)
    {
        var commit = await cluster.Journal.First<FirstCommit>(commit => commit.Run == run);
        return await Plan(cluster, run, plan => plan.GenerationNumber == commit.GenerationNumber);
    }

    private static Task<PlanMade> Plan(SiloCluster cluster, string run, Func<PlanMade, bool> fits) => cluster.Journal.First<PlanMade>(plan => plan.Run == run && fits(plan));

    private static PlanMade[] Plans(SiloCluster cluster, string run) => [.. cluster.Journal.Entries.OfType<PlanMade>().Where(plan => plan.Run == run)];

    private static SiloProcess Member(SiloCluster cluster, PlanMade plan, int place) => cluster.Silos.Single(silo => silo.Address == plan.Members[place]);

    private static async Task<Func<bool>> HasCheckpoint(TinyExperiment experiment, string run)
    {
        var stage = (await experiment.Plan(TestContext.Current.CancellationToken)).Stages.Single(stage => stage.Title == run);
        var folder = Path.Combine(experiment.StorePath, "runs", stage.Key.Value, "checkpoints");
        return () => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "COMMIT", SearchOption.AllDirectories).Any();
    }
}
