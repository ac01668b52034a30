using System.Collections.Immutable;

namespace GmailCluster.Shards;

/// <summary>One leaf of a data set's manifest tree, <c>images/&lt;key&gt;/leaf-00000.json</c>: up to 1,024 shards in order of their numbers.</summary>
/// <param name="Number">The leaf's number; it holds the shards Number * 1024 to Number * 1024 + 1023.</param>
/// <param name="Shards">The committed shards, ascending by number.</param>
[GenerateSerializer, Immutable, Alias("gmail.shard-leaf")]
public sealed record ShardLeaf([property: Id(0)] int Number, [property: Id(1)] ImmutableArray<ShardEntry> Shards)
{
    private static readonly Comparer<ShardEntry> ByNumber = Comparer<ShardEntry>.Create((a, b) => a.Number.CompareTo(b.Number));

    /// <summary>Shards a leaf may hold.</summary>
    public const int Capacity = 1024;

    /// <summary>The leaf that a shard belongs to.</summary>
    public static int Of(int shard) => shard / Capacity;

    /// <summary>A leaf without shards.</summary>
    public static ShardLeaf Empty(int number) => new(number, []);

    /// <summary>Adds a committed shard. A second call with the same entry changes nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The shard belongs to another leaf.</exception>
    public (ShardLeaf Next, AppendResult Result) Append(ShardEntry entry)
    {
        var (next, results) = Append([entry]);
        return (next, results[0]);
    }

    /// <summary>Adds committed shards, as if one after the other.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A shard belongs to another leaf.</exception>
    public (ShardLeaf Next, IReadOnlyList<AppendResult> Results) Append(IReadOnlyList<ShardEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var shards = new List<ShardEntry>(Shards);
        var results = new AppendResult[entries.Count];
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            ArgumentOutOfRangeException.ThrowIfNotEqual(Of(entry.Number), Number, nameof(entries));
            var at = shards.BinarySearch(entry, ByNumber);
            if (at < 0)
            {
                shards.Insert(~at, entry);
            }

            results[i] = at < 0 ? AppendResult.Appended : shards[at] == entry ? AppendResult.AlreadyThere : AppendResult.DifferentContent;
        }

        return (results.Contains(AppendResult.Appended) ? this with { Shards = [.. shards] } : this, results);
    }

    /// <summary>The leaf as the root lists it.</summary>
    public ShardLeafSummary Summarise() =>
        new(Number, Shards.Length, Shards.Sum(s => (long)s.SampleCount), Shards.Sum(s => s.LengthBytes));
}
