using GmailCluster.Randomness;

namespace GmailCluster.Learning.Arms;

/// <summary>A part of the captions, chosen by a hash of their ids: a smaller fraction is part of a larger one, whatever the order.</summary>
public static class DataFraction
{
    /// <summary>Chooses, in the order given.</summary>
    public static IReadOnlyList<CaptionedItem> Choose(IReadOnlyList<CaptionedItem> items, double fraction)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (fraction >= 1)
        {
            return items;
        }

        var count = Math.Max(1, (int)Math.Round(items.Count * fraction));
        var chosen = items
            .OrderBy(item => CounterRandom.For(0, "data fraction", item.Id).NextUInt64())
            .ThenBy(item => item.Id, StringComparer.Ordinal)
            .Take(count)
            .Select(item => item.Id)
            .ToHashSet(StringComparer.Ordinal);
        return [.. items.Where(item => chosen.Contains(item.Id))];
    }
}
