using System.Globalization;

namespace GmailCluster.Cli.Display;

/// <summary>How well a run kept its compute slots at work.</summary>
internal static class SlotUse
{
    /// <summary>"Compute slots were busy 92 % of the time (2 slots)."; null when nothing was computed, as when all was cached.</summary>
    /// <param name="slots">How many there are.</param>
    /// <param name="busy">Time they worked, summed over slots.</param>
    /// <param name="elapsed">Time they could have worked, each.</param>
    public static string? Line(int slots, TimeSpan busy, TimeSpan elapsed)
    {
        if (busy <= TimeSpan.Zero || elapsed <= TimeSpan.Zero)
        {
            return null;
        }

        var share = 100 * busy / (slots * elapsed);
        return string.Create(CultureInfo.InvariantCulture, $"Compute slots were busy {share:0} % of the time ({slots} {(slots == 1 ? "slot" : "slots")}).");
    }
}
