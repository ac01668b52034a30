using System.Text.Json.Nodes;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

/// <summary>CLIP folders in all three layouts: finding out which, reading, writing, converting.</summary>
public static class ClipCheckpoint
{
    private const string ConfigName = "config.json";

    // Buffers that some writers save: counters, masks and sizes that the config says better.
    private const string Buffers = @"(^|\.)(position_ids|attn_mask|input_resolution|context_length|vocab_size)$";

    private static readonly string[] TokenizerFiles =
        ["vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    /// <summary>Saves a model; what is there is replaced file by file.</summary>
    /// <param name="model">What to save; not changed.</param>
    /// <param name="folder">Where to; created.</param>
    /// <param name="layout">Names, shapes and config to write.</param>
    /// <param name="dtype">Type of the weights. Default fp32.</param>
    public static void Save(ClipModel model, string folder, ClipLayout layout, ScalarType dtype = ScalarType.Float32)
    {
        ArgumentNullException.ThrowIfNull(model);
        Save(model, folder, layout, dtype, Preprocessing.OpenAi);
    }

    /// <summary>Writes a CLIP folder again in another layout, with its preprocessing and, where it has them, its tokenizer files.</summary>
    /// <param name="source">A folder of any layout.</param>
    /// <param name="target">Another folder; created.</param>
    /// <param name="layout">The layout to write.</param>
    public static void Convert(string source, string target, ClipLayout layout)
    {
        using var model = Load(source, null);
        ScalarType dtype;
        using (var weights = Open(source))
        {
            dtype = weights.Entry(weights.Names[0]).Dtype.Torch;
        }

        var preprocessing = Preprocessing.Read(source) ?? Preprocessing.OpenAi;
        Save(model, target, layout, dtype, preprocessing);
        if (layout == ClipLayout.HuggingFace)
        {
            ConfigFile.Write(Path.Combine(target, Preprocessing.HuggingFaceName), preprocessing.ToHuggingFace(model.Config.VisionConfig.ImageSize));
        }

        foreach (var file in TokenizerFiles.Where(f => File.Exists(Path.Combine(source, f))))
        {
            File.Copy(Path.Combine(source, file), Path.Combine(target, file), overwrite: true);
        }
    }

    /// <summary>Which layout a folder's weights are in.</summary>
    public static ClipLayout Detect(string folder)
    {
        using var weights = Open(folder);
        return LayoutOf(weights, folder);
    }

    internal static ClipModel Load(string folder, ClipConfig? config)
    {
        using var scope = NewDisposeScope();
        using var weights = Open(folder);
        var layout = LayoutOf(weights, folder);
        config ??= ReadConfig(folder, weights, layout);
        var model = new ClipModel(config);
        Fill(model, weights, layout, Buffers);
        return Own(model);
    }

    internal static ClipVisionTower LoadVision(string folder)
    {
        using var scope = NewDisposeScope();
        using var weights = Open(folder);
        var layout = LayoutOf(weights, folder);
        var config = layout == ClipLayout.HuggingFace
            ? ClipConfig.ReadVision(Path.Combine(folder, ConfigName))
            : ReadConfig(folder, weights, layout).VisionConfig;
        var tower = new ClipVisionTower(config, layout != ClipLayout.HuggingFace || weights.Names.Contains("visual_projection.weight"));
        Fill(tower, weights, layout, Buffers, layout == ClipLayout.HuggingFace ? @"^(text_model\.|text_projection\.|logit_scale$)" : @"^(?!visual\.)");
        return Own(tower);
    }

    internal static ClipTextTower LoadText(string folder)
    {
        using var scope = NewDisposeScope();
        using var weights = Open(folder);
        var layout = LayoutOf(weights, folder);
        var config = layout == ClipLayout.HuggingFace
            ? ClipConfig.ReadText(Path.Combine(folder, ConfigName))
            : ReadConfig(folder, weights, layout).TextConfig;
        var tower = new ClipTextTower(config, layout != ClipLayout.HuggingFace || weights.Names.Contains("text_projection.weight"));
        if (weights.Names.Contains("embeddings.token_embedding.weight"))
        {
            // transformers 5 writes a bare CLIPTextModel without the prefix.
            weights.LoadInto(tower, name => name.StartsWith("text_model.", StringComparison.Ordinal) ? name["text_model.".Length..] : name, ignore: Buffers);
            return Own(tower);
        }

        Fill(tower, weights, layout, Buffers, layout == ClipLayout.HuggingFace ? @"^(vision_model\.|visual_projection\.|logit_scale$)" : @"^(visual\.|logit_scale$)");
        return Own(tower);
    }

    private static WeightSource Open(string folder) => WeightSource.OpenFolder(folder, "model", "open_clip_model");

    private static ClipLayout LayoutOf(WeightSource weights, string folder) =>
        !weights.Names.Any(n => n is "token_embedding.weight" or "visual.class_embedding") ? ClipLayout.HuggingFace
        : File.Exists(Path.Combine(folder, OpenClipConfig.FileName)) ? ClipLayout.OpenClip
        : ClipLayout.OpenAi;

    private static ClipConfig ReadConfig(string folder, WeightSource weights, ClipLayout layout) => layout switch
    {
        ClipLayout.HuggingFace => ClipConfig.Read(Path.Combine(folder, ConfigName)),
        ClipLayout.OpenClip => OpenClipConfig.Read(Path.Combine(folder, OpenClipConfig.FileName)),
        _ => OpenAiSizes.Of(weights),
    };

    private static void Fill(nn.Module module, WeightSource weights, ClipLayout layout, params string[] ignore)
    {
        if (layout == ClipLayout.HuggingFace)
        {
            weights.LoadInto(module, ignore: ignore);
            return;
        }

        // Long-CLIP keeps its positions in two tables: the first rows of one, the others of the second.
        const string residual = "positional_embedding_res";
        var isLong = weights.Names.Contains(residual);
        Tensor Relayout(string name, Tensor value) =>
            isLong && name == "text_model.embeddings.position_embedding.weight"
                ? JoinPositions(value, weights.Load(residual, value.dtype))
                : OpenClipNames.Take(name, value);

        weights.LoadInto(module, OpenClipNames.Of, Relayout, [.. ignore, $"^{residual}$"]);
    }

    private static Tensor JoinPositions(Tensor kept, Tensor residual) =>
        cat([kept.narrow(0, 0, LongClip.KeptPositions), residual.narrow(0, LongClip.KeptPositions, residual.shape[0] - LongClip.KeptPositions)]);

    private static void Save(ClipModel model, string folder, ClipLayout layout, ScalarType dtype, Preprocessing preprocessing)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var config = model.Config with { TorchDtype = dtype.ToString().ToLowerInvariant() };
        var tensors = model.state_dict().Select(p => KeyValuePair.Create(p.Key, p.Value.to_type(dtype)));
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        switch (layout)
        {
            case ClipLayout.HuggingFace:
                ConfigFile.Write(Path.Combine(folder, ConfigName), config);
                SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors, metadata);
                break;
            case ClipLayout.OpenClip:
                ConfigFile.Write(Path.Combine(folder, OpenClipConfig.FileName), OpenClipConfig.Write(config, preprocessing.ToOpenClip()));
                SafetensorsWriter.Write(Path.Combine(folder, "open_clip_model.safetensors"), OpenClipNames.Fuse(tensors), metadata);
                break;
            default:
                OpenAiSizes.RequireReadable(config);
                SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), OpenClipNames.Fuse(tensors), metadata);
                break;
        }
    }

    // A module outlives the scope it was built in: whoever asked for it disposes it.
    private static T Own<T>(T module)
        where T : nn.Module
    {
        foreach (var parameter in module.parameters())
        {
            parameter.DetachFromDisposeScope();
        }

        return module;
    }

    // How pixels are normalised: no part of the towers, but of what a folder promises.
    private sealed record Preprocessing(IReadOnlyList<double> Mean, IReadOnlyList<double> Std)
    {
        public const string HuggingFaceName = "preprocessor_config.json";

        public static Preprocessing OpenAi { get; } = new([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]);

        public static Preprocessing? Read(string folder)
        {
            var (huggingFace, openClip) = (Path.Combine(folder, HuggingFaceName), Path.Combine(folder, OpenClipConfig.FileName));
            return File.Exists(huggingFace) ? Of(ConfigFile.ReadObject(huggingFace), "image_mean", "image_std", huggingFace)
                : File.Exists(openClip) && ConfigFile.ReadObject(openClip)["preprocess_cfg"] is JsonObject node ? Of(node, "mean", "std", openClip)
                : null;
        }

        public JsonObject ToOpenClip() => new() { ["mean"] = Array(Mean), ["std"] = Array(Std) };

        public JsonObject ToHuggingFace(int imageSize) => new()
        {
            ["image_processor_type"] = "CLIPImageProcessor",
            ["do_resize"] = true,
            ["size"] = new JsonObject { ["shortest_edge"] = imageSize },
            ["resample"] = 3,
            ["do_center_crop"] = true,
            ["crop_size"] = new JsonObject { ["height"] = imageSize, ["width"] = imageSize },
            ["do_convert_rgb"] = true,
            ["do_rescale"] = true,
            ["rescale_factor"] = 1.0 / 255,
            ["do_normalize"] = true,
            ["image_mean"] = Array(Mean),
            ["image_std"] = Array(Std),
        };

        private static Preprocessing? Of(JsonObject node, string mean, string std, string path) =>
            node[mean] is JsonArray m && node[std] is JsonArray s
                ? new(ConfigFile.Convert<double[]>(m, path), ConfigFile.Convert<double[]>(s, path))
                : null;

        private static JsonArray Array(IReadOnlyList<double> values) => [.. values.Select(v => JsonValue.Create(v))];
    }
}
