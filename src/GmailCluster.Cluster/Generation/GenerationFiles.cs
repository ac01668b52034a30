using System.Security.Cryptography;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Generation;

/// <summary>
/// The files of a generation as its record lists them: the shards of a manifest with one leaf, else the manifest's leaves, which list the shards
/// with their hashes: a record of a million lines would be of no use to anybody.
/// </summary>
internal static class GenerationFiles
{
    public static async Task<IReadOnlyList<StageFile>> List(IObjectStore store, ArtifactKey generation, int shardCount)
    {
        if (shardCount <= ShardLeaf.Capacity)
        {
            var leaf = await new ShardStore(store).Leaf(generation, 0);
            return [.. leaf.Shards.Select(shard => new StageFile(ShardPaths.Shard(generation, shard.Sha256), shard.LengthBytes, shard.Sha256))];
        }

        var files = new List<StageFile>();
        for (var leaf = 0; leaf <= ShardLeaf.Of(shardCount - 1); leaf++)
        {
            var key = ShardPaths.Leaf(generation, leaf);
            var content = await store.ReadAllBytes(key);
            files.Add(new StageFile(key, content.Length, Convert.ToHexStringLower(SHA256.HashData(content))));
        }

        return files;
    }
}
