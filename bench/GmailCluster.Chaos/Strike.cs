using System.Globalization;
using GmailCluster.Randomness;

namespace GmailCluster.Chaos;

/// <summary>What happens to silos.</summary>
internal enum StrikeKind
{
    /// <summary>One is killed.</summary>
    Kill,

    /// <summary>The one with the run's owner is killed.</summary>
    KillOwner,

    /// <summary>Two are killed, the second before or just after the first's ranks have gone on.</summary>
    KillTwo,

    /// <summary>All are killed.</summary>
    KillAll,

    /// <summary>One stands still until it has been given up, then goes on.</summary>
    Hang,

    /// <summary>One stands still so shortly that nobody gives it up.</summary>
    Blink,

    /// <summary>One is asked to leave.</summary>
    Drain,

    /// <summary>One joins that nobody has asked for.</summary>
    Join,
}

/// <summary>One strike of a schedule.</summary>
/// <param name="After">Time since the one before.</param>
/// <param name="Kind">What happens.</param>
/// <param name="Pick">Which of the living silos it hits, modulo their number.</param>
/// <param name="Gap">For <see cref="StrikeKind.KillTwo"/> between the two; for <see cref="StrikeKind.Blink"/> how long.</param>
/// <param name="Rest">How long the lost silo is missed before another takes its place.</param>
internal sealed record Strike(TimeSpan After, StrikeKind Kind, int Pick, TimeSpan Gap, TimeSpan Rest)
{
    private static readonly (StrikeKind Kind, int Weight)[] Weights =
    [
        (StrikeKind.Kill, 44), (StrikeKind.KillOwner, 16), (StrikeKind.KillTwo, 10), (StrikeKind.KillAll, 4),
        (StrikeKind.Hang, 9), (StrikeKind.Blink, 4), (StrikeKind.Drain, 8), (StrikeKind.Join, 5),
    ];

    /// <summary>A pass's strikes, without end: a pure function of its parameters.</summary>
    public static IEnumerable<Strike> Schedule(ulong seed, int pass, TimeSpan every)
    {
        var random = CounterRandom.For(seed, "chaos", pass.ToString(CultureInfo.InvariantCulture));
        while (true)
        {
            var draw = random.Next(Weights.Sum(weight => weight.Weight));
            var kind = Weights.First(weight => (draw -= weight.Weight) < 0).Kind;
            yield return new Strike(
                every * (0.5 + random.NextDouble()),
                kind,
                random.Next(1 << 20),
                TimeSpan.FromSeconds(1.5 * random.NextDouble()),
                TimeSpan.FromSeconds(1 + (3 * random.NextDouble())));
        }
    }
}
