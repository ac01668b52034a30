using GmailCluster.Errors;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Checkpoints;

/// <summary>
/// The weights of a model folder: one <c>.safetensors</c> file, or shards with an <c>.index.json</c>. Pickle files are never opened.
/// Dispose when the model is loaded; loaded tensors stay valid.
/// </summary>
public sealed class WeightSource : IDisposable
{
    private static readonly string[] PickleExtensions = [".bin", ".pt", ".pth", ".ckpt", ".pkl"];

    private readonly Dictionary<string, SafetensorsFile> _files;

    private WeightSource(string where, Dictionary<string, SafetensorsFile> files)
    {
        (Where, _files) = (where, files);
        Names = [.. files.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>The file, or the index of the shards.</summary>
    public string Where { get; }

    /// <summary>All tensors' names, in ordinal order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>
    /// Opens <c>base.safetensors</c>, <c>base.safetensors.index.json</c> or their <c>.fp16</c> variants in a folder: the first base name that has one.
    /// </summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="baseNames">File names without extension, such as "model" or "diffusion_pytorch_model".</param>
    /// <exception cref="InputException">There is none, or only a pickle, or a file is malformed.</exception>
    public static WeightSource OpenFolder(string folder, params string[] baseNames)
    {
        if (!Directory.Exists(folder))
        {
            throw new InputException(folder, "is not a folder.", "Give a model folder with config and .safetensors weights.");
        }

        foreach (var name in baseNames)
        {
            foreach (var variant in new[] { "", ".fp16" })
            {
                var single = Path.Combine(folder, $"{name}{variant}.safetensors");
                if (File.Exists(single))
                {
                    return OpenFile(single);
                }

                var index = Path.Combine(folder, $"{name}.safetensors.index{variant}.json");
                if (File.Exists(index))
                {
                    return OpenSharded(folder, index);
                }
            }
        }

        var pickle = Directory.EnumerateFiles(folder).Where(IsPickle).Order(StringComparer.Ordinal).FirstOrDefault();
        throw pickle is not null
            ? RefusePickle(pickle)
            : new InputException(
                folder, $"has no weights ({string.Join(", ", baseNames.Select(n => n + ".safetensors"))}, or an index of shards).",
                "Give a model folder as from_pretrained and save_pretrained use it.");
    }

    /// <summary>Opens one file.</summary>
    public static WeightSource OpenFile(string path)
    {
        if (IsPickle(path))
        {
            throw RefusePickle(path);
        }

        var file = SafetensorsFile.Open(path);
        return new WeightSource(path, file.Entries.Keys.ToDictionary(n => n, _ => file, StringComparer.Ordinal));
    }

    /// <summary>A tensor's dtype, shape and place, without loading it.</summary>
    public SafetensorsEntry Entry(string name) => FileOf(name).Entries[name];

    /// <summary>A fresh CPU tensor that belongs to the caller (or the caller's dispose scope).</summary>
    /// <param name="name">Its key.</param>
    /// <param name="dtype">The type to convert to. Default fp32, whatever the file holds.</param>
    public Tensor Load(string name, ScalarType dtype = ScalarType.Float32) => FileOf(name).Load(name, dtype);

    /// <summary>
    /// Fills every parameter and persistent buffer of a module, in the type it has. A missing, unexpected or wrongly shaped tensor
    /// is refused; nothing is filled by halves in the first two cases.
    /// </summary>
    /// <param name="module">The module to fill.</param>
    /// <param name="rename">From a name in the module to the file's name. Default: the same.</param>
    /// <param name="relayout">
    /// From (module's name, file's tensor) to the module's layout, such as a transposition; returns a fresh tensor. Default: as it is.
    /// </param>
    /// <param name="ignore">Regular expressions of names in the file that need no place, such as <c>position_ids$</c>.</param>
    public void LoadInto(
        nn.Module module, Func<string, string>? rename = null, Func<string, Tensor, Tensor>? relayout = null, params string[] ignore)
    {
        ArgumentNullException.ThrowIfNull(module);
        ModuleWeights.Load(module.state_dict(), Where, Names, name => FileOf(name).Load(name), rename, relayout, ignore);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files.Values.Distinct())
        {
            file.Dispose();
        }
    }

    private static WeightSource OpenSharded(string folder, string index)
    {
        var map = ConfigFile.Read<ShardIndex>(index).WeightMap;
        var shards = new SortedDictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        try
        {
            foreach (var shard in map.Values.Distinct().Order(StringComparer.Ordinal))
            {
                if (shard != Path.GetFileName(shard))
                {
                    throw new InputException(index, $"names the shard '{shard}', which is not a file beside it.", "Download the folder again.");
                }

                shards.Add(shard, SafetensorsFile.Open(Path.Combine(folder, shard)));
            }

            foreach (var (name, shard) in map.OrderBy(m => m.Key, StringComparer.Ordinal))
            {
                if (!shards[shard].Entries.ContainsKey(name))
                {
                    throw new InputException(index, $"says '{name}' is in '{shard}', which does not hold it.", "Download the folder again.");
                }
            }

            foreach (var (shard, file) in shards)
            {
                foreach (var name in file.Entries.Keys.Order(StringComparer.Ordinal))
                {
                    if (!map.TryGetValue(name, out var owner) || owner != shard)
                    {
                        throw new InputException(index, $"does not list '{name}', which '{shard}' holds.", "Download the folder again.");
                    }
                }
            }
        }
        catch
        {
            foreach (var file in shards.Values)
            {
                file.Dispose();
            }

            throw;
        }

        return new WeightSource(index, map.ToDictionary(m => m.Key, m => shards[m.Value], StringComparer.Ordinal));
    }

    private SafetensorsFile FileOf(string name) =>
        _files.TryGetValue(name, out var file)
            ? file
            : throw new InputException(Where, $"has no tensor '{name}'.", $"It holds {Names.Count} tensors; 'gmailcluster inspect' lists them.");

    private static bool IsPickle(string path) =>
        PickleExtensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static InputException RefusePickle(string path) => new(
        path, "is not safetensors, and a pickle can run any code when it is opened, so it is not.",
        "Convert it once, in Python, from a source you trust: import torch, safetensors.torch as s; " +
        $"s.save_file({{k: v.contiguous().clone() for k, v in torch.load('{Path.GetFileName(path)}', map_location='cpu', weights_only=True).items()}}, " +
        $"'{Path.GetFileNameWithoutExtension(path).Replace("pytorch_model", "model", StringComparison.Ordinal)}.safetensors', metadata={{'format': 'pt'}})");

    private sealed record ShardIndex
    {
        public required IReadOnlyDictionary<string, string> WeightMap { get; init; }
    }
}
