using System.Text.Json.Nodes;
using GmailCluster.Cli.Display;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Shards;

namespace GmailCluster.Cli.Inspect;

/// <summary>Manifests of generated data sets: the root, or a leaf.</summary>
internal static class ManifestInspection
{
    /// <summary>What a manifest's root or leaf lists.</summary>
    public static Inspection OfFile(string path) => ConfigFile.ReadObject(path) switch
    {
        { } root when root.ContainsKey("leaves") => Root(ConfigFile.Convert<ShardManifest>(root, path)),
        { } leaf when leaf.ContainsKey("shards") => Leaf(ConfigFile.Convert<ShardLeaf>(leaf, path)),
        JsonObject => throw new InputException(path, "is no manifest of shards.", "Name manifest.json or leaf-00000.json of a data set, or the folder of a model."),
    };

    private static Inspection Root(ShardManifest manifest)
    {
        var inspection = new Inspection("manifest of a generated data set")
        {
            Columns = ["leaf", "shards", "samples", "size"],
            Rows = [.. manifest.Leaves.Select(leaf => new[] { Figures.Count(leaf.Number), Figures.Count(leaf.ShardCount), Figures.Count(leaf.SampleCount), Figures.Size(leaf.LengthBytes) })],
        };
        inspection
            .With("data set", manifest.Dataset)
            .With("shards", Figures.Count(manifest.ShardCount))
            .With("samples", Figures.Count(manifest.SampleCount))
            .With("size", Figures.Size(manifest.LengthBytes));
        foreach (var (name, value) in manifest.Notes)
        {
            inspection.With(name, value);
        }

        return inspection;
    }

    private static Inspection Leaf(ShardLeaf leaf) => new Inspection("leaf of a manifest")
    {
        Columns = ["shard", "samples", "size", "SHA-256"],
        Rows = [.. leaf.Shards.Select(shard => new[] { Figures.Count(shard.Number), Figures.Count(shard.SampleCount), Figures.Size(shard.LengthBytes), shard.Sha256 })],
    }.With("leaf", Figures.Count(leaf.Number)).With("shards", Figures.Count(leaf.Shards.Length)).With("samples", Figures.Count(leaf.Shards.Sum(shard => (long)shard.SampleCount)));
}
