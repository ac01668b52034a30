using GmailCluster.Grains;

namespace GmailCluster.Cluster.Training;

/// <summary>
/// Which silo takes which ranks. Pure: the same nodes and the same present plan give the same blocks. What it decides changes how
/// long a step takes and never a bit of its result.
/// </summary>
internal static class RunPlanner
{
    /// <summary>A silo is slower than the plan is worth when another plan would take less than this part of a step's time.</summary>
    public const double WorthMoving = 0.8;

    /// <summary>
    /// Gives each rank to the silo that is then done first, so that the slowest is done as early as can be; among equals to the one
    /// with the least on its slots. Silos keep their order, newcomers follow by name: a block moves as little as the numbers allow.
    /// </summary>
    /// <param name="nodes">Silos that can take ranks.</param>
    /// <param name="worldSize">Virtual ranks R.</param>
    /// <param name="present">The plan so far; empty for none.</param>
    /// <returns>Contiguous blocks that cover [0, R). A silo that would only slow the step down has none.</returns>
    public static IReadOnlyList<RunMember> Assign(IReadOnlyCollection<RunNode> nodes, int worldSize, IReadOnlyList<RunMember> present)
    {
        if (nodes.Count == 0)
        {
            return [];
        }

        var ordered = InOrder(nodes, present);
        var rounds = RoundTimes(ordered);
        var counts = new int[ordered.Length];
        for (var rank = 0; rank < worldSize; rank++)
        {
            var next = Enumerable.Range(0, ordered.Length)
                .MinBy(i => (StepTime(counts[i] + 1, ordered[i].Slots, rounds[i]), (counts[i] + 1) * rounds[i] / ordered[i].Slots, i));
            counts[next]++;
        }

        var members = new List<RunMember>();
        var first = 0;
        for (var i = 0; i < ordered.Length; first += counts[i++])
        {
            if (counts[i] > 0)
            {
                members.Add(new RunMember(ordered[i].Silo, ordered[i].Address, first, counts[i]));
            }
        }

        return members;
    }

    /// <summary>Whether a plan would make steps so much shorter that moving ranks is worth it.</summary>
    public static bool IsWorthMoving(IReadOnlyList<RunMember> present, IReadOnlyList<RunMember> next, IReadOnlyCollection<RunNode> nodes)
    {
        var ordered = InOrder(nodes, present);
        var rounds = RoundTimes(ordered);
        return Longest(next) < WorthMoving * Longest(present);

        double Longest(IReadOnlyList<RunMember> plan) => ordered
            .Select((node, i) => StepTime(plan.FirstOrDefault(member => member.Silo == node.Silo)?.RankCount ?? 0, node.Slots, rounds[i]))
            .Max();
    }

    /// <summary>
    /// The silos among which every pair can talk: where a connection broke again and again although both silos live, the one with
    /// more broken connections is left out, then the one with fewer slots, then the later one.
    /// </summary>
    public static IReadOnlyList<RunNode> Connected(
        IReadOnlyCollection<RunNode> nodes, IReadOnlyCollection<(string A, string B)> broken, IReadOnlyList<RunMember> present)
    {
        var kept = InOrder(nodes, present).ToList();
        while (true)
        {
            var names = kept.Select(node => node.Silo).ToHashSet(StringComparer.Ordinal);
            var between = broken.Where(pair => names.Contains(pair.A) && names.Contains(pair.B)).ToArray();
            if (between.Length == 0)
            {
                return kept;
            }

            kept.RemoveAt(Enumerable.Range(0, kept.Count)
                .MaxBy(i => (between.Count(pair => pair.A == kept[i].Silo || pair.B == kept[i].Silo), -kept[i].Slots, i)));
        }
    }

    private static RunNode[] InOrder(IEnumerable<RunNode> nodes, IReadOnlyList<RunMember> present)
    {
        var places = present.Select((member, i) => (member.Silo, i)).ToDictionary(pair => pair.Silo, pair => pair.i, StringComparer.Ordinal);
        return [.. nodes.OrderBy(node => places.GetValueOrDefault(node.Silo, int.MaxValue)).ThenBy(node => node.Silo, StringComparer.Ordinal)];
    }

    // As many ranks as there are slots compute at once; the next ones wait for a second round.
    private static double StepTime(int ranks, int slots, double round) => (ranks + slots - 1) / slots * round;

    // A silo that has not been measured is taken to be like the middle one of those that have.
    private static double[] RoundTimes(RunNode[] nodes)
    {
        var measured = nodes.Where(node => node.RoundTime is not null).Select(node => node.RoundTime!.Value.TotalSeconds).Order().ToArray();
        var usual = measured.Length == 0 ? 1 : measured[measured.Length / 2];
        return [.. nodes.Select(node => node.RoundTime?.TotalSeconds ?? usual)];
    }
}
