using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

/// <summary>
/// Hugging Face's names of CLIP's parameters and OpenAI's, which open_clip keeps. OpenAI's code fuses query, key and value
/// (<c>in_proj</c>) and stores both projections as [C, P], the transpose of a linear layer's weight.
/// </summary>
internal static partial class OpenClipNames
{
    private static readonly Dictionary<string, string> Whole = new(StringComparer.Ordinal)
    {
        ["logit_scale"] = "logit_scale",
        ["vision_model.embeddings.class_embedding"] = "visual.class_embedding",
        ["vision_model.embeddings.patch_embedding.weight"] = "visual.conv1.weight",
        ["vision_model.embeddings.position_embedding.weight"] = "visual.positional_embedding",
        ["vision_model.pre_layrnorm.weight"] = "visual.ln_pre.weight",
        ["vision_model.pre_layrnorm.bias"] = "visual.ln_pre.bias",
        ["vision_model.post_layernorm.weight"] = "visual.ln_post.weight",
        ["vision_model.post_layernorm.bias"] = "visual.ln_post.bias",
        ["visual_projection.weight"] = "visual.proj",
        ["text_model.embeddings.token_embedding.weight"] = "token_embedding.weight",
        ["text_model.embeddings.position_embedding.weight"] = "positional_embedding",
        ["text_model.final_layer_norm.weight"] = "ln_final.weight",
        ["text_model.final_layer_norm.bias"] = "ln_final.bias",
        ["text_projection.weight"] = "text_projection",
    };

    private static readonly Dictionary<string, string> InLayer = new(StringComparer.Ordinal)
    {
        ["layer_norm1"] = "ln_1",
        ["layer_norm2"] = "ln_2",
        ["mlp.fc1"] = "mlp.c_fc",
        ["mlp.fc2"] = "mlp.c_proj",
        ["self_attn.out_proj"] = "attn.out_proj",
    };

    /// <summary>OpenAI's name for the tensor that holds Hugging Face's.</summary>
    public static string Of(string name)
    {
        if (Whole.TryGetValue(name, out var whole))
        {
            return whole;
        }

        var layer = Layer().Match(name);
        if (!layer.Success)
        {
            throw new ArgumentException($"'{name}' is not a parameter of CLIP.", nameof(name));
        }

        var block = $"{(layer.Groups["tower"].Value == "vision" ? "visual." : "")}transformer.resblocks.{layer.Groups["index"].Value}.";
        var (part, kind) = (layer.Groups["part"].Value, layer.Groups["kind"].Value);
        return block + (InLayer.TryGetValue(part, out var known) ? $"{known}.{kind}" : $"attn.in_proj_{kind}");
    }

    /// <summary>The part of OpenAI's tensor that is Hugging Face's, as a fresh tensor.</summary>
    public static Tensor Take(string name, Tensor value)
    {
        if (IsTransposed(name))
        {
            return value.t();
        }

        var third = Third(name);
        return third < 0 ? value.alias() : value.chunk(3, 0)[third];
    }

    /// <summary>Hugging Face's tensors as OpenAI's, in one dictionary of fresh tensors.</summary>
    public static SortedDictionary<string, Tensor> Fuse(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        var result = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var group in tensors.GroupBy(t => Of(t.Key), StringComparer.Ordinal))
        {
            var parts = group.OrderBy(t => Third(t.Key)).ToList();
            result[group.Key] = parts.Count > 1 ? cat([.. parts.Select(p => p.Value)])
                : IsTransposed(parts[0].Key) ? parts[0].Value.t() : parts[0].Value.alias();
        }

        return result;
    }

    private static bool IsTransposed(string name) => name is "visual_projection.weight" or "text_projection.weight";

    private static int Third(string name) =>
        name.Contains(".q_proj.", StringComparison.Ordinal) ? 0 : name.Contains(".k_proj.", StringComparison.Ordinal) ? 1
        : name.Contains(".v_proj.", StringComparison.Ordinal) ? 2 : -1;

    [GeneratedRegex(@"^(?<tower>vision|text)_model\.encoder\.layers\.(?<index>\d+)\.(?<part>layer_norm[12]|mlp\.fc[12]|self_attn\.(?:[qkv]|out)_proj)\.(?<kind>weight|bias)$")]
    private static partial Regex Layer();
}
