using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Llama;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llava;

/// <summary>
/// LLaVA on disk. Our names are those of the folders people have (<c>language_model.model.*</c>, <c>vision_tower.vision_model.*</c>),
/// which every transformers reads; those of newer ones (<c>model.language_model.*</c>, <c>lm_head.weight</c>) are read too.
/// </summary>
internal static class LlavaCheckpoint
{
    private const string Head = "language_model.lm_head.weight";
    private const string Tower = "vision_tower.";

    public static LlavaModel Load(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var config = ConfigFile.Read<LlavaConfig>(path);
        config.Validate(path);
        using var weights = WeightSource.OpenFolder(folder, "model");
        var model = new LlavaModel(
            config, new ClipVisionTower(config.VisionConfig, hasProjection: false),
            new LlamaModel(config.TextConfig, GenerationDefaults.Load(folder, config.TextConfig.Generation)));
        try
        {
            var files = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var name in weights.Names)
            {
                if (!files.TryAdd(Canonical(name), name))
                {
                    throw new InputException(weights.Where, $"holds '{files[Canonical(name)]}' and '{name}', two names of one tensor.", "Save the model again.");
                }
            }

            weights.LoadInto(
                model, name => files.GetValueOrDefault(name, name),
                ignore: [@"\.rotary_emb\.inv_freq$", @"\.position_ids$", .. config.TextConfig.TieWordEmbeddings ? [@"lm_head\.weight$"] : Array.Empty<string>()]);
            if (config.TextConfig.TieWordEmbeddings && files.TryGetValue(Head, out var head))
            {
                RequireTied(model, weights, head);
            }

            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public static IEnumerable<CheckpointFile> Files(LlavaModel model)
    {
        var tensors = model.state_dict().Where(p => !p.Key.StartsWith($"{Tower}visual_projection.", StringComparison.Ordinal)).ToDictionary(p => p.Key, p => p.Value);

        // Some versions look for "tied" in the text config and others outside it. With the head in the file, none of them goes wrong.
        tensors.TryAdd(Head, model.LanguageModel.TokenTable);
        return
        [
            CheckpointFile.Json("config.json", model.Config.ToSave()),
            CheckpointFile.Json(GenerationDefaults.FileName, model.LanguageModel.Generation),
            CheckpointFile.Weights("model.safetensors", tensors),
        ];
    }

    /// <summary>Our name of a tensor, whichever spelling a file uses.</summary>
    public static string Canonical(string name)
    {
        const string text = "language_model.";
        var plain = name.StartsWith("model.", StringComparison.Ordinal) ? name["model.".Length..] : name;
        if (plain == "lm_head.weight")
        {
            return Head;
        }

        if (plain.StartsWith(text, StringComparison.Ordinal))
        {
            var inner = plain[text.Length..];
            return inner.StartsWith("model.", StringComparison.Ordinal) || inner == "lm_head.weight" ? plain : $"{text}model.{inner}";
        }

        return plain.StartsWith(Tower, StringComparison.Ordinal) && !plain.StartsWith($"{Tower}vision_model.", StringComparison.Ordinal)
            ? $"{Tower}vision_model.{plain[Tower.Length..]}"
            : plain;
    }

    private static void RequireTied(LlavaModel model, WeightSource weights, string head)
    {
        using var scope = NewDisposeScope();
        var value = weights.Load(head);
        if (!value.shape.SequenceEqual(model.LanguageModel.TokenTable.shape) || !value.eq(model.LanguageModel.TokenTable).all().item<bool>())
        {
            throw new InputException(
                weights.Where, $"holds a '{head}' that differs from the token embedding, but text_config says tie_word_embeddings.",
                "Set tie_word_embeddings to false in text_config.");
        }
    }
}
