using GmailCluster.Errors;

namespace GmailCluster.Cli.Inspect;

/// <summary>Finds out what a path is and looks into it. Reads names, shapes and headers; loads no model.</summary>
internal static class Inspector
{
    private const string Known = "a model folder, a .safetensors file, an adapter, a .tar shard, a manifest, or a folder of a store";

    /// <summary>What lies at <paramref name="path"/>.</summary>
    /// <exception cref="InputException">Nothing, or nothing that is known here, or something damaged.</exception>
    public static async Task<Inspection> Inspect(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            var inspection = await Folder(path, cancellationToken);
            StageInspection.AddOrigin(inspection, path);
            return inspection;
        }

        if (!File.Exists(path))
        {
            throw new InputException(path, "is not there.", $"Name {Known}.");
        }

        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".safetensors" => WeightsInspection.OfFile(path),
            ".tar" => await ShardInspection.OfTar(path, cancellationToken),
            ".json" => JsonInspection.OfFile(path),
            ".f32" => FeatureInspection.OfFile(path),
            ".bin" or ".pt" or ".pth" or ".ckpt" or ".pkl" => WeightsInspection.OfFile(path), // refused there, with the way to convert it
            _ => throw new InputException(path, "is of no kind that is known here.", $"Name {Known}."),
        };
    }

    private static async Task<Inspection> Folder(string path, CancellationToken cancellationToken)
    {
        bool Has(string name) => File.Exists(Path.Combine(path, name));
        return path switch
        {
            _ when Has("model_index.json") => ModelInspection.OfPipeline(path),
            _ when Has("adapter_config.json") => AdapterInspection.OfFolder(path),
            _ when CheckpointInspection.IsCheckpoint(path) => await CheckpointInspection.OfCheckpoint(path, cancellationToken),
            _ when Has("manifest.json") => JsonInspection.OfFile(Path.Combine(path, "manifest.json")),
            _ when ModelInspection.IsModel(path) => ModelInspection.OfFolder(path),
            _ when CheckpointInspection.IsRun(path) => CheckpointInspection.OfRun(path),
            _ when FeatureInspection.IsFeatures(path) => FeatureInspection.OfFolder(path),
            _ when Has("results.json") => JsonInspection.OfFile(Path.Combine(path, "results.json")),
            _ when StoreInspection.IsStore(path) => StoreInspection.OfFolder(path),
            _ when Directory.EnumerateFiles(path, "*.tar").Any() => await ShardInspection.OfFolder(path, cancellationToken),
            _ => throw new InputException(
                path, "holds no model, adapter, shard, manifest, features or store.",
                "Name the folder with config.json, model_index.json, adapter_config.json, manifest.json, .f32 or .tar files in it, or the store itself."),
        };
    }
}
