using GmailCluster.Errors;

namespace GmailCluster.Cli.Inspect;

/// <summary>Finds out what a path is and looks into it. Reads names, shapes and headers; loads no model.</summary>
internal static class Inspector
{
    /// <summary>What lies at <paramref name="path"/>.</summary>
    /// <exception cref="InputException">Nothing, or nothing that is known here, or something damaged.</exception>
    public static async Task<Inspection> Inspect(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            return await Folder(path, cancellationToken);
        }

        if (!File.Exists(path))
        {
            throw new InputException(path, "is not there.", "Name a model folder, a .safetensors file, an adapter, a .tar shard or a manifest.");
        }

        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".safetensors" => WeightsInspection.OfFile(path),
            ".tar" => await ShardInspection.OfTar(path, cancellationToken),
            ".json" => ManifestInspection.OfFile(path),
            ".bin" or ".pt" or ".pth" or ".ckpt" or ".pkl" => WeightsInspection.OfFile(path), // refused there, with the way to convert it
            _ => throw new InputException(path, "is of no kind that is known here.", "Name a model folder, a .safetensors file, an adapter, a .tar shard or a manifest."),
        };
    }

    private static async Task<Inspection> Folder(string path, CancellationToken cancellationToken)
    {
        bool Has(string name) => File.Exists(Path.Combine(path, name));
        if (Has("model_index.json"))
        {
            return ModelInspection.OfPipeline(path);
        }

        if (Has("adapter_config.json"))
        {
            return AdapterInspection.OfFolder(path);
        }

        if (Has("manifest.json"))
        {
            return ManifestInspection.OfFile(Path.Combine(path, "manifest.json"));
        }

        if (ModelInspection.IsModel(path))
        {
            return ModelInspection.OfFolder(path);
        }

        if (Directory.EnumerateFiles(path, "*.tar").Any())
        {
            return await ShardInspection.OfFolder(path, cancellationToken);
        }

        throw new InputException(
            path, "holds no model, adapter, shard or manifest.", "Name the folder with config.json, model_index.json, adapter_config.json, manifest.json or .tar files in it.");
    }
}
