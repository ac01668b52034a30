using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Models.Clip;

/// <summary>A CLIP model's <c>config.json</c>, as Hugging Face's <c>CLIPConfig</c> has it.</summary>
public sealed record ClipConfig
{
    /// <summary>Always <c>CLIPModel</c>.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = ["CLIPModel"];

    /// <summary>Always <c>clip</c>.</summary>
    public string ModelType { get; init; } = "clip";

    /// <summary>Width P of the shared space.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>Logarithm of the scale that training starts from.</summary>
    public double LogitScaleInitValue { get; init; } = 2.6592;

    /// <summary>The text tower.</summary>
    public ClipTextConfig TextConfig { get; init; } = new();

    /// <summary>The image tower.</summary>
    public ClipVisionConfig VisionConfig { get; init; } = new();

    /// <summary>Type of the saved weights.</summary>
    public string TorchDtype { get; init; } = "float32";

    /// <summary>
    /// Reads a <c>config.json</c>. Old files give the towers in <c>text_config_dict</c> and <c>vision_config_dict</c>, whose values
    /// rule over <c>text_config</c> and <c>vision_config</c>, as in transformers.
    /// </summary>
    public static ClipConfig Read(string path)
    {
        var node = ConfigFile.ReadObject(path);
        RequireType(node, path, "clip");
        var projection = node["projection_dim"]?.DeepClone();
        var text = Tower(node, "text_config");
        var vision = Tower(node, "vision_config");
        foreach (var tower in new[] { text, vision })
        {
            // CLIPModel projects both towers to its own projection_dim, whatever the towers' configs say.
            tower["projection_dim"] = projection?.DeepClone() ?? 512;
        }

        var whole = new JsonObject { ["projection_dim"] = projection ?? 512, ["text_config"] = text, ["vision_config"] = vision };
        if (node["logit_scale_init_value"] is { } scale)
        {
            whole["logit_scale_init_value"] = scale.DeepClone();
        }

        return ConfigFile.Convert<ClipConfig>(whole, path);
    }

    /// <summary>Reads the text tower's config: a bare <c>CLIPTextModel</c>'s, or the part of a whole CLIP's.</summary>
    public static ClipTextConfig ReadText(string path)
    {
        var node = ConfigFile.ReadObject(path);
        if (HasTower(node, "text_config"))
        {
            return Read(path).TextConfig;
        }

        RequireType(node, path, "clip_text_model");
        return ConfigFile.Convert<ClipTextConfig>(WithoutNulls(node), path);
    }

    /// <summary>Reads the image tower's config: a bare <c>CLIPVisionModel</c>'s, or the part of a whole CLIP's.</summary>
    public static ClipVisionConfig ReadVision(string path)
    {
        var node = ConfigFile.ReadObject(path);
        if (HasTower(node, "vision_config"))
        {
            return Read(path).VisionConfig;
        }

        RequireType(node, path, "clip_vision_model");
        return ConfigFile.Convert<ClipVisionConfig>(WithoutNulls(node), path);
    }

    private static bool HasTower(JsonObject node, string key) => node[key] is JsonObject || node[key + "_dict"] is JsonObject;

    private static JsonObject Tower(JsonObject node, string key)
    {
        var tower = node[key] is JsonObject given ? WithoutNulls(given) : [];
        if (node[key + "_dict"] is JsonObject old)
        {
            foreach (var (name, value) in WithoutNulls(old))
            {
                tower[name] = value?.DeepClone();
            }
        }

        tower.Remove("model_type"); // old files carry other names here
        return tower;
    }

    // In these files null means "as the library has it", that is, the default.
    private static JsonObject WithoutNulls(JsonObject node)
    {
        var result = new JsonObject();
        foreach (var (name, value) in node.Where(p => p.Value is not null))
        {
            result[name] = value!.DeepClone();
        }

        return result;
    }

    private static void RequireType(JsonObject node, string path, string expected)
    {
        if (node["model_type"] is JsonValue value && value.TryGetValue<string>(out var type) && type != expected)
        {
            throw new InputException(path, $"has model_type '{type}', not '{expected}'.", "Give a CLIP checkpoint.");
        }
    }
}
