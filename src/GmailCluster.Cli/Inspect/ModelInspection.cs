using System.Text.Json.Nodes;
using GmailCluster.Data.Tokenizers;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Clip;
using GmailCluster.Models.ClipCap;
using GmailCluster.Models.Diffusion;

namespace GmailCluster.Cli.Inspect;

/// <summary>Model folders in Hugging Face's, open_clip's and OpenAI's layouts, and diffusers pipelines.</summary>
internal static class ModelInspection
{
    private static readonly string[] BaseNames = ["model", "open_clip_model", "diffusion_pytorch_model"];

    private static readonly string[] Configs = ["config.json", "open_clip_config.json", "scheduler_config.json", "preprocessor_config.json", "captioning.json"];

    private static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer.model", "vocab.json"];

    // What tells one checkpoint from another of its family; the files hold the rest.
    private static readonly string[] TellingKeys =
    [
        "model_type", "_class_name", "hidden_act", "activation_function", "hidden_size", "n_embd", "width", "intermediate_size", "num_hidden_layers", "n_layer", "layers",
        "num_attention_heads", "n_head", "heads", "num_key_value_heads", "vocab_size", "max_position_embeddings", "n_positions", "context_length", "projection_dim", "embed_dim",
        "image_size", "patch_size", "quick_gelu", "sample_size", "in_channels", "latent_channels", "block_out_channels", "layers_per_block", "cross_attention_dim",
        "attention_head_dim", "scaling_factor", "beta_schedule", "prediction_type", "timestep_spacing", "rescale_betas_zero_snr", "vision_feature_layer",
        "image_mean", "image_std", "mapping_type", "prefix_size", "prefix_length", "normalize_prefix", "image_token_index", "vision_feature_select_strategy", "projector_hidden_act",
        "prompt", "max_tokens", "beams",
    ];

    /// <summary>True for a folder that <see cref="OfFolder"/> can say something about.</summary>
    public static bool IsModel(string folder) =>
        Configs.Any(name => File.Exists(Path.Combine(folder, name))) || HasWeights(folder) || HasTokenizer(folder);

    /// <summary>A folder with a config, weights and a tokenizer, or some of these.</summary>
    public static Inspection OfFolder(string folder)
    {
        var hasWeights = HasWeights(folder);
        using var weights = hasWeights ? WeightSource.OpenFolder(folder, BaseNames) : null;
        var configs = Configs.Where(name => File.Exists(Path.Combine(folder, name))).Select(name => (Name: name, Root: PythonJson.ReadObject(Path.Combine(folder, name)))).ToList();
        var inspection = new Inspection(TitleOf(folder, configs.Select(config => config.Root), weights))
        {
            Columns = weights is null ? [] : WeightsInspection.Head,
            Rows = weights is null ? [] : WeightsInspection.Rows(weights),
        };
        foreach (var (name, root) in configs)
        {
            AddTelling(inspection, name, root);
        }

        if (weights is not null)
        {
            WeightsInspection.Add(inspection, weights);
        }

        if (HasTokenizer(folder))
        {
            AddTokenizer(inspection, folder);
        }

        var languageModel = Path.Combine(folder, ClipCapModel.LanguageModelFolder);
        if (configs.Any(config => Text(config.Root["model_type"]) == "clipcap") && Directory.Exists(languageModel))
        {
            inspection.Parts.Add((ClipCapModel.LanguageModelFolder, OfFolder(languageModel) with { Columns = [], Rows = [] }));
        }

        return inspection;
    }

    /// <summary>A diffusers pipeline: every part that has a folder.</summary>
    public static Inspection OfPipeline(string folder)
    {
        var index = PythonJson.ReadObject(Path.Combine(folder, "model_index.json"));
        var inspection = new Inspection($"diffusers pipeline {Text(index["_class_name"])}");
        foreach (var (name, part) in index.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            // Parts that a pipeline goes without are written [null, null].
            if (part is not JsonArray { Count: 2 } library || library[1] is null)
            {
                continue;
            }

            var path = Path.Combine(folder, name);
            if (Directory.Exists(path))
            {
                inspection.Parts.Add((name, OfFolder(path) with { Columns = [], Rows = [] }));
            }
            else
            {
                inspection.With(name, "not in the folder");
            }
        }

        return inspection;
    }

    private static string TitleOf(string folder, IEnumerable<JsonObject> configs, WeightSource? weights)
    {
        if (weights is not null && (File.Exists(Path.Combine(folder, "open_clip_config.json")) || weights.Names.Any(name => name.StartsWith("visual.", StringComparison.Ordinal))))
        {
            return $"CLIP model in {(ClipCheckpoint.Detect(folder) == ClipLayout.OpenClip ? "open_clip's" : "OpenAI's")} layout";
        }

        var type = configs.Select(config => config["model_type"] ?? config["_class_name"] ?? config["image_processor_type"]).FirstOrDefault(node => node is not null);
        return (type, weights) switch
        {
            (null, null) => "tokenizer",
            (null, _) => "weights without a config",
            (_, null) => Text(type),
            _ => Text(type).EndsWith("model", StringComparison.OrdinalIgnoreCase) ? Text(type) : $"{Text(type)} model",
        };
    }

    // A line for the config and one for each config within it.
    private static void AddTelling(Inspection inspection, string name, JsonObject config)
    {
        var telling = config.Where(pair => TellingKeys.Contains(pair.Key) && pair.Value is not null).ToList();
        if (telling.Count > 0)
        {
            inspection.With(name, string.Join(", ", telling.Select(pair => $"{pair.Key} {Text(pair.Value)}")));
        }

        foreach (var (key, value) in config)
        {
            if (value is JsonObject inner && (key.EndsWith("_config", StringComparison.Ordinal) || key.EndsWith("_cfg", StringComparison.Ordinal)))
            {
                AddTelling(inspection, $"{name} {key}", inner);
            }
        }
    }

    private static void AddTokenizer(Inspection inspection, string folder)
    {
        var tokenizer = TokenizerFolder.Load(folder);
        string Token(string name, int? id) => id is { } there ? $", {name} {tokenizer.TokenOf(there)} ({there})" : "";
        inspection.With("tokenizer", $"{tokenizer.VocabularySize:N0} entries{Token("start", tokenizer.Special.Bos)}{Token("end", tokenizer.Special.Eos)}{Token("padding", tokenizer.Special.Pad)}");
    }

    private static bool HasWeights(string folder) => Directory.EnumerateFiles(folder, "*.safetensors").Any()
        || (!Configs.Any(name => File.Exists(Path.Combine(folder, name)) && name == "scheduler_config.json") && Directory.EnumerateFiles(folder, "*.bin").Any());

    private static bool HasTokenizer(string folder) =>
        TokenizerFiles.Any(name => File.Exists(Path.Combine(folder, name)));

    private static string Text(JsonNode? node) => node switch
    {
        null => "?",
        JsonArray list => $"[{string.Join(", ", list.Select(Text))}]",
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => node.ToJsonString(),
    };
}
