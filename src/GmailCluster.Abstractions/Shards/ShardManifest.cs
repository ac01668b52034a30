using System.Collections.Immutable;

namespace GmailCluster.Shards;

/// <summary>
/// The root of a finished data set's manifest tree, <c>images/&lt;key&gt;/manifest.json</c>. It lists leaves, not shards, so a
/// million shards stay cheap. Written last: a data set exists when its root does.
/// </summary>
/// <param name="Dataset">The data set's artifact key.</param>
/// <param name="ShardCount">Shards in all leaves.</param>
/// <param name="SampleCount">Samples in all shards.</param>
/// <param name="LengthBytes">Bytes in all shards.</param>
/// <param name="Leaves">The leaves, ascending by number.</param>
/// <param name="Notes">What else belongs to the record: counts of samples refused by a filter, the sampler, model keys; by name.</param>
[GenerateSerializer, Immutable, Alias("gmail.shard-manifest")]
public sealed record ShardManifest(
    [property: Id(0)] string Dataset, [property: Id(1)] int ShardCount, [property: Id(2)] long SampleCount, [property: Id(3)] long LengthBytes,
    [property: Id(4)] ImmutableArray<ShardLeafSummary> Leaves, [property: Id(5)] ImmutableSortedDictionary<string, string> Notes)
{
    /// <summary>The root over these leaves.</summary>
    public static ShardManifest Over(string dataset, IEnumerable<ShardLeafSummary> leaves, IEnumerable<KeyValuePair<string, string>> notes)
    {
        var summaries = leaves.OrderBy(leaf => leaf.Number).ToImmutableArray();
        return new ShardManifest(
            dataset, summaries.Sum(l => l.ShardCount), summaries.Sum(l => l.SampleCount), summaries.Sum(l => l.LengthBytes), summaries,
            notes.ToImmutableSortedDictionary(StringComparer.Ordinal));
    }
}

/// <summary>A leaf as the root lists it.</summary>
/// <param name="Number">The leaf's number.</param>
/// <param name="ShardCount">Shards in it.</param>
/// <param name="SampleCount">Samples in its shards.</param>
/// <param name="LengthBytes">Bytes in its shards.</param>
[GenerateSerializer, Immutable, Alias("gmail.shard-leaf-summary")]
public sealed record ShardLeafSummary(
    [property: Id(0)] int Number, [property: Id(1)] int ShardCount, [property: Id(2)] long SampleCount, [property: Id(3)] long LengthBytes);
