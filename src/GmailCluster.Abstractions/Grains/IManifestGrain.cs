using GmailCluster.Shards;

namespace GmailCluster.Grains;

/// <summary>One leaf of a manifest tree. Key: dataset key, '/', leaf number.</summary>
[Alias("gmail.IManifestGrain")]
public interface IManifestGrain : IGrainWithStringKey
{
    /// <summary>
    /// Adds a shard's entry, once: a second call with the same entry changes nothing, one with other content is refused. Calls that
    /// wait at the same time are written together.
    /// </summary>
    [Alias("Append")]
    Task<AppendResult> Append(ShardEntry entry, CancellationToken cancellationToken);

    /// <summary>The leaf's entries, by shard number.</summary>
    [Alias("GetEntries")]
    Task<IReadOnlyList<ShardEntry>> GetEntries(CancellationToken cancellationToken);
}
