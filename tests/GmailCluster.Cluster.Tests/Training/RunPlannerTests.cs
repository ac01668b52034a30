using CsCheck;
using GmailCluster.Cluster.Training;
using GmailCluster.Grains;

namespace GmailCluster.Cluster.Tests.Training;

public sealed class RunPlannerTests
{
    private static readonly Gen<RunNode[]> Nodes = Gen.Select(Gen.Int[1, 8], Gen.Int[0, 400])
        .Array[1, 9]
        .Select(parts => parts.Select((part, i) => Node($"s{i}", part.Item1, part.Item2 == 0 ? null : part.Item2)).ToArray());

    [Fact]
    public void Blocks_follow_one_another_and_cover_all_ranks_through_any_history() =>
        Gen.Select(Nodes.Array[1, 8], Gen.Int[1, 40]).Sample((history, worldSize) =>
        {
            IReadOnlyList<RunMember> plan = [];
            foreach (var nodes in history)
            {
                plan = RunPlanner.Assign(nodes, worldSize, plan);

                var next = 0;
                foreach (var member in plan)
                {
                    Assert.Equal(next, member.FirstRank);
                    Assert.True(member.RankCount > 0);
                    next += member.RankCount;
                }

                Assert.Equal(worldSize, next);
                Assert.Equal(plan.Count, plan.Select(member => member.Silo).Distinct().Count());
                Assert.All(plan, member => Assert.Contains(nodes, node => node.Silo == member.Silo));
            }
        });

    [Fact]
    public void The_order_in_which_silos_are_named_does_not_matter_and_planning_again_changes_nothing() =>
        Gen.Select(Nodes, Gen.Int[1, 40]).Sample((nodes, worldSize) =>
        {
            var plan = RunPlanner.Assign(nodes, worldSize, []);

            Assert.Equal(plan, RunPlanner.Assign([.. nodes.Reverse()], worldSize, []));
            Assert.Equal(plan, RunPlanner.Assign([.. nodes.Reverse()], worldSize, plan));
            Assert.False(RunPlanner.IsWorthMoving(plan, plan, nodes));
        });

    [Fact]
    public void No_other_division_lets_the_slowest_silo_be_done_earlier() =>
        Gen.Select(Nodes.Where(nodes => nodes.Length <= 3), Gen.Int[1, 9]).Sample((nodes, worldSize) =>
        {
            var plan = RunPlanner.Assign(nodes, worldSize, []);

            Assert.All(Divisions(worldSize, nodes.Length), counts =>
            {
                var other = nodes.Select((node, i) => new RunMember(node.Silo, node.Address, 0, counts[i])).ToArray();
                Assert.True(Slowest(plan, nodes) <= Slowest(other, nodes) * 1.000001);
            });
        });

    [Fact]
    public void Survivors_keep_their_order_and_newcomers_follow()
    {
        RunNode[] three = [Node("c", 1), Node("a", 1), Node("b", 1)];
        var plan = RunPlanner.Assign([three[0], three[2]], 4, [new RunMember("c", "c", 0, 2), new RunMember("b", "b", 2, 2)]);

        var next = RunPlanner.Assign(three, 6, plan);

        Assert.Equal(["c", "b", "a"], next.Select(member => member.Silo));
    }

    [Fact]
    public void A_silo_with_half_the_slots_or_half_the_speed_gets_half_the_ranks()
    {
        var bySlots = RunPlanner.Assign([Node("a", 4), Node("b", 2)], 6, []);
        var bySpeed = RunPlanner.Assign([Node("a", 1, 100), Node("b", 1, 200)], 6, []);

        Assert.Equal([4, 2], bySlots.Select(member => member.RankCount));
        Assert.Equal([4, 2], bySpeed.Select(member => member.RankCount));
    }

    [Fact]
    public void A_little_slowness_moves_nothing_and_a_lot_does()
    {
        var plan = RunPlanner.Assign([Node("a", 1), Node("b", 1)], 8, []);
        RunNode[] even = [Node("a", 1, 100), Node("b", 1, 115)];
        RunNode[] uneven = [Node("a", 1, 100), Node("b", 1, 200)];

        Assert.False(RunPlanner.IsWorthMoving(plan, RunPlanner.Assign(even, 8, plan), even));
        Assert.True(RunPlanner.IsWorthMoving(plan, RunPlanner.Assign(uneven, 8, plan), uneven));
    }

    [Fact]
    public void Whoever_is_kept_can_talk_to_all_who_are_kept_and_nobody_is_left_out_without_a_broken_connection() =>
        Gen.Select(Nodes, Gen.Select(Gen.Int[0, 8], Gen.Int[0, 8]).Array[0, 12]).Sample((nodes, pairs) =>
        {
            var broken = pairs.Where(pair => pair.Item1 != pair.Item2).Select(pair => ($"s{pair.Item1}", $"s{pair.Item2}")).ToArray();

            var kept = RunPlanner.Connected(nodes, broken, []);

            var names = kept.Select(node => node.Silo).ToHashSet();
            Assert.NotEmpty(kept);
            Assert.DoesNotContain(broken, pair => names.Contains(pair.Item1) && names.Contains(pair.Item2));
            Assert.All(nodes.Where(node => !names.Contains(node.Silo)), node =>
                Assert.Contains(broken, pair => pair.Item1 == node.Silo || pair.Item2 == node.Silo));
        });

    private static RunNode Node(string silo, int slots, int? milliseconds = null) =>
        new(silo, silo, slots, milliseconds is { } time ? TimeSpan.FromMilliseconds(time) : null);

    private static double Slowest(IReadOnlyList<RunMember> plan, RunNode[] nodes)
    {
        var measured = nodes.Where(node => node.RoundTime is not null).Select(node => node.RoundTime!.Value.TotalSeconds).Order().ToArray();
        var usual = measured.Length == 0 ? 1 : measured[measured.Length / 2];
        return plan.Max(member => nodes.Single(node => node.Silo == member.Silo) is var node
            ? Math.Ceiling(member.RankCount / (double)node.Slots) * (node.RoundTime?.TotalSeconds ?? usual)
            : 0);
    }

    private static IEnumerable<int[]> Divisions(int ranks, int parts) => parts == 1
        ? [[ranks]]
        : Enumerable.Range(0, ranks + 1).SelectMany(first => Divisions(ranks - first, parts - 1).Select(rest => (int[])[first, .. rest]));
}
