using System.Globalization;
using GmailCluster.Data.Shards;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Generation;

/// <inheritdoc cref="IManifestGrain"/>
/// <remarks>The leaf in the store is the state: <c>images/&lt;key&gt;/leaf-00000.json</c>, appended with compare-and-swap.</remarks>
internal sealed class ManifestGrain(IObjectStore store) : Grain, IManifestGrain
{
    public async Task Append(ShardEntry entry, CancellationToken cancellationToken)
    {
        if (await new ShardStore(store).Append(Place().Dataset, entry, cancellationToken) is AppendResult.DifferentContent)
        {
            throw new InvalidOperationException($"Shard {entry.Number} is in the manifest with other content.");
        }
    }

    public async Task<IReadOnlyList<ShardEntry>> GetEntries(CancellationToken cancellationToken)
    {
        var (dataset, leaf) = Place();
        return (await new ShardStore(store).Leaf(dataset, leaf, cancellationToken)).Shards;
    }

    private (ArtifactKey Dataset, int Leaf) Place()
    {
        var parts = this.GetPrimaryKeyString().Split('/');
        return (new ArtifactKey(parts[0]), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
