using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Models.Clip;

/// <summary><c>open_clip_config.json</c>, to and from Hugging Face's fields.</summary>
internal static class OpenClipConfig
{
    public const string FileName = "open_clip_config.json";

    /// <summary>OpenAI's and open_clip's pooling is "the token with the highest id", which Hugging Face spells as this id.</summary>
    public const int HighestIdEnds = 2;

    // Settings that change nothing in what is computed here (training, tokenizers, texts about the model).
    private static readonly string[] Neutral = ["patch_dropout", "hf_tokenizer_name", "tokenizer_kwargs", "init_logit_scale", "output_tokens"];

    public static ClipConfig Read(string path)
    {
        var root = ConfigFile.ReadObject(path);
        if (root["model_cfg"] is not JsonObject model)
        {
            throw new InputException(path, "has no 'model_cfg'.", "Give the folder that open_clip's push_to_hf_hub or save made.");
        }

        var vision = new Section(path, "model_cfg.vision_cfg", model["vision_cfg"]);
        var text = new Section(path, "model_cfg.text_cfg", model["text_cfg"]);
        var top = new Section(path, "model_cfg", model);
        top.Skip("vision_cfg", "text_cfg");
        var activation = top.Flag("quick_gelu") ? "quick_gelu" : "gelu";
        var projection = top.Int("embed_dim", null);
        var (visionWidth, textWidth) = (vision.Int("width", 768), text.Int("width", 512));
        var vocabulary = text.Int("vocab_size", 49408);

        var config = new ClipConfig
        {
            ProjectionDim = projection,
            VisionConfig = new ClipVisionConfig
            {
                HiddenSize = visionWidth,
                IntermediateSize = (int)(visionWidth * vision.Number("mlp_ratio", 4)),
                ProjectionDim = projection,
                NumHiddenLayers = vision.Int("layers", 12),
                NumAttentionHeads = visionWidth / vision.Int("head_width", 64),
                ImageSize = vision.Int("image_size", 224),
                PatchSize = vision.Int("patch_size", 16),
                HiddenAct = activation,
            },
            TextConfig = new ClipTextConfig
            {
                VocabSize = vocabulary,
                HiddenSize = textWidth,
                IntermediateSize = (int)(textWidth * text.Number("mlp_ratio", 4)),
                ProjectionDim = projection,
                NumHiddenLayers = text.Int("layers", 12),
                NumAttentionHeads = text.Int("heads", 8),
                MaxPositionEmbeddings = text.Int("context_length", 77),
                HiddenAct = activation,
                BosTokenId = vocabulary - 2,
                EosTokenId = HighestIdEnds,
            },
        };
        top.RefuseOthers();
        vision.RefuseOthers();
        text.RefuseOthers();
        return config;
    }

    /// <summary>The file's content for a config.</summary>
    /// <param name="config">What to write; must be something open_clip's plain CLIP can be.</param>
    /// <param name="preprocessing">The <c>preprocess_cfg</c> to write beside it.</param>
    public static JsonObject Write(ClipConfig config, JsonObject preprocessing)
    {
        var (vision, text) = (config.VisionConfig, config.TextConfig);
        RequireExpressible(config);
        return new JsonObject
        {
            ["model_cfg"] = new JsonObject
            {
                ["embed_dim"] = config.ProjectionDim,
                ["quick_gelu"] = vision.HiddenAct == "quick_gelu",
                ["vision_cfg"] = new JsonObject
                {
                    ["image_size"] = vision.ImageSize,
                    ["layers"] = vision.NumHiddenLayers,
                    ["width"] = vision.HiddenSize,
                    ["head_width"] = vision.HiddenSize / vision.NumAttentionHeads,
                    ["mlp_ratio"] = (double)vision.IntermediateSize / vision.HiddenSize,
                    ["patch_size"] = vision.PatchSize,
                },
                ["text_cfg"] = new JsonObject
                {
                    ["context_length"] = text.MaxPositionEmbeddings,
                    ["vocab_size"] = text.VocabSize,
                    ["width"] = text.HiddenSize,
                    ["heads"] = text.NumAttentionHeads,
                    ["layers"] = text.NumHiddenLayers,
                    ["mlp_ratio"] = (double)text.IntermediateSize / text.HiddenSize,
                },
            },
            ["preprocess_cfg"] = preprocessing,
        };
    }

    /// <summary>Refuses what OpenAI's code cannot compute.</summary>
    public static void RequireExpressible(ClipConfig config)
    {
        var (vision, text) = (config.VisionConfig, config.TextConfig);
        var reason =
            vision.HiddenAct != text.HiddenAct ? $"the towers' activations differ ({vision.HiddenAct}, {text.HiddenAct})"
            : vision.LayerNormEps != 1e-5 || text.LayerNormEps != 1e-5 ? "layer_norm_eps is not 1e-5"
            : text.EosTokenId is not null and not HighestIdEnds && text.EosTokenId != text.VocabSize - 1
                ? $"the last token of a text ({text.EosTokenId}) is not the one with the highest id ({text.VocabSize - 1})"
            : null;
        if (reason is not null)
        {
            throw new InputException("config.json", $"cannot be said in OpenAI's and open_clip's layout: {reason}.", "Keep the Hugging Face layout.");
        }
    }

    // One object of the file; remembers which keys were asked for, so that a setting we do not know is refused, not ignored.
    private sealed class Section(string path, string name, JsonNode? node)
    {
        private readonly JsonObject _values = node as JsonObject ?? throw new InputException(path, $"has no '{name}'.", "Use the file that came with the weights.");
        private readonly HashSet<string> _known = [.. Neutral];

        public void Skip(params string[] keys) => _known.UnionWith(keys);

        public bool Flag(string key) => Value(key) is { } value && (value.TryGetValue<bool>(out var flag) ? flag : throw Wrong(key));

        public int Int(string key, int? fallback) =>
            Value(key) is { } value ? (value.TryGetValue<int>(out var number) && number > 0 ? number : throw Wrong(key)) : fallback ?? throw Wrong(key);

        public double Number(string key, double fallback) =>
            Value(key) is { } value ? (value.TryGetValue<double>(out var number) && number > 0 ? number : throw Wrong(key)) : fallback;

        public void RefuseOthers()
        {
            foreach (var (key, value) in _values)
            {
                if (!_known.Contains(key) && value is not null && value.ToJsonString() is not ("false" or "{}"))
                {
                    throw new InputException(path, $"sets '{name}.{key}', which the plain CLIP towers do not have.", "Only open_clip's ViT image tower with its own text tower is supported.");
                }
            }
        }

        private JsonValue? Value(string key)
        {
            _known.Add(key);
            return _values[key] switch { null => null, JsonValue value => value, _ => throw Wrong(key) };
        }

        private InputException Wrong(string key) =>
            new(path, $"has {_values[key]?.ToJsonString() ?? "nothing"} at '{name}.{key}'.", "A positive number belongs there (true or false for switches); ResNet towers are not supported.");
    }
}
