using GmailCluster.Shards;

namespace GmailCluster.Grains;

/// <summary>One leaf of a manifest tree. Key: dataset key, '/', leaf number.</summary>
[Alias("gmail.IManifestGrain")]
public interface IManifestGrain : IGrainWithStringKey
{
    /// <summary>Adds a shard's entry, once: a second call with the same entry changes nothing.</summary>
    [Alias("Append")]
    Task Append(ShardEntry entry, CancellationToken cancellationToken);

    /// <summary>The leaf's entries, by shard number.</summary>
    [Alias("GetEntries")]
    Task<IReadOnlyList<ShardEntry>> GetEntries(CancellationToken cancellationToken);
}
