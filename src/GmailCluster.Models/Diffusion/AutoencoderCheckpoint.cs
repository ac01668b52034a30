using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion;

/// <summary>
/// Names and layouts of attention in the autoencoders that were published before diffusers 0.16: query, key, value and proj_attn, and in
/// files converted from the original code convolutions of size 1 in place of linear layers.
/// </summary>
internal static partial class AutoencoderCheckpoint
{
    /// <summary>The name in the file of a parameter here.</summary>
    public static string NameIn(IReadOnlyList<string> names, string name)
    {
        var match = Projection().Match(name);
        if (!match.Success)
        {
            return name;
        }

        var old = match.Groups[2].Value switch
        {
            "to_q" => "query",
            "to_k" => "key",
            "to_v" => "value",
            _ => "proj_attn",
        };
        var older = $"{match.Groups[1].Value}{old}{match.Groups[3].Value}";
        return names.Contains(older, StringComparer.Ordinal) ? older : name;
    }

    /// <summary>The file's tensor in the layout of the parameter, a fresh tensor.</summary>
    public static Tensor Relayout(string name, Tensor value) =>
        Projection().IsMatch(name) && value.dim() == 4 && value.shape[2] == 1 && value.shape[3] == 1 ? value.view(value.shape[0], value.shape[1]) : value.alias();

    [GeneratedRegex(@"^((?:encoder|decoder)\.mid_block\.attentions\.0\.)(to_q|to_k|to_v|to_out\.0)(\.weight|\.bias)$")]
    private static partial Regex Projection();
}
