using System.Globalization;
using GmailCluster.Keys;

namespace GmailCluster.Shards;

/// <summary>Where a data set of shards lies in the object store (design, section 8).</summary>
public static class ShardPaths
{
    /// <summary>The folder of a data set, with a '/' at the end.</summary>
    public static string Folder(ArtifactKey dataset) => $"images/{dataset}/";

    /// <summary>The manifest's root.</summary>
    public static string Root(ArtifactKey dataset) => $"{Folder(dataset)}manifest.json";

    /// <summary>One leaf of the manifest.</summary>
    public static string Leaf(ArtifactKey dataset, int leaf) => string.Create(CultureInfo.InvariantCulture, $"{Folder(dataset)}leaf-{leaf:d5}.json");

    /// <summary>A shard, by its content.</summary>
    public static string Shard(ArtifactKey dataset, string sha256) => $"{Folder(dataset)}shards/{sha256}.tar";
}
