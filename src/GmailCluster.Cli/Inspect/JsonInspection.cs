using GmailCluster.Cli.Display;
using GmailCluster.Data.Captions;
using GmailCluster.Data.Features;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Shards;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Inspect;

/// <summary>The JSON files of a store, told apart by their members: manifests of shards and captions, heads of feature tables, records of stages.</summary>
internal static class JsonInspection
{
    /// <summary>What the file says.</summary>
    public static Inspection OfFile(string path)
    {
        var root = ConfigFile.ReadObject(path);
        bool Has(params string[] names) => names.All(root.ContainsKey);
        return root switch
        {
            _ when Has("leaves") => Manifest(ConfigFile.Convert<ShardManifest>(root, path)),
            _ when Has("shards") => Leaf(ConfigFile.Convert<ShardLeaf>(root, path)),
            _ when Has("record_count", "problems") => Captions(ConfigFile.Convert<CaptionManifest>(root, path)),
            _ when Has("blocks", "ids") => FeatureInspection.OfHeader(ConfigFile.Convert<FeatureHeader>(root, path)),
            _ when Has("key", "kind", "title") => StageInspection.Of(ConfigFile.Convert<StageRecord>(root, path)),
            _ when Has("metrics", "spec_yaml") => throw new InputException(path, "holds the figures of an experiment.", $"'gmailcluster report {path}' shows them."),
            _ => throw new InputException(
                path, "is no manifest, feature table or stage record.", "Name manifest.json or leaf-00000.json of a data set, another JSON file of a store, or the folder of a model."),
        };
    }

    private static Inspection Manifest(ShardManifest manifest)
    {
        var inspection = new Inspection("manifest of pictures in shards")
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

    private static Inspection Captions(CaptionManifest manifest)
    {
        var inspection = new Inspection("manifest of captions")
        {
            Columns = manifest.Problems.Count == 0 ? [] : ["record", "column", "problem"],
            Rows = [.. manifest.Problems.Select(problem => new[] { problem.Row, problem.Column ?? "", problem.Reason })],
        };
        inspection
            .With("captions", Figures.Count(manifest.Count))
            .With("records read", Figures.Count(manifest.RecordCount))
            .With("records refused", Figures.Count(manifest.Problems.Count))
            .With("size", Figures.Size(manifest.LengthBytes));
        foreach (var (reason, count) in manifest.LeftOut)
        {
            inspection.With($"left out: {reason}", Figures.Count(count));
        }

        return inspection;
    }
}
