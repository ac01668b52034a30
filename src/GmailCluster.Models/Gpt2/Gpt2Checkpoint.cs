using System.Text.RegularExpressions;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Decoding;
using static TorchSharp.torch;

namespace GmailCluster.Models.Gpt2;

/// <summary>
/// GPT-2 on disk. Names are ours, but for checkpoints of the bare GPT2Model (OpenAI's own among them), which lack <c>transformer.</c>.
/// Linear layers are stored as "Conv1D", [in, out]; torch's Linear keeps [out, in].
/// </summary>
internal static partial class Gpt2Checkpoint
{
    private const string Prefix = "transformer.";

    public static Gpt2Model Load(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var config = ConfigFile.Read<Gpt2Config>(path);
        config.Validate(path);
        var generation = GenerationDefaults.Load(folder, new() { BosTokenId = config.BosTokenId, EosTokenId = config.EosTokenId, PadTokenId = config.PadTokenId });

        using var weights = WeightSource.OpenFolder(folder, "model");
        var model = new Gpt2Model(config, generation);
        try
        {
            var isBare = !weights.Names.Any(n => n.StartsWith(Prefix, StringComparison.Ordinal));
            weights.LoadInto(
                model,
                name => isBare && name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name,
                Relayout,
                [@"\.attn\.(masked_)?bias$", .. config.TieWordEmbeddings ? ["^lm_head\\.weight$"] : Array.Empty<string>()]); // causal masks; the tied head
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public static IEnumerable<CheckpointFile> Files(Gpt2Model model, string folder = "") =>
    [
        CheckpointFile.Json($"{folder}config.json", model.Config with { Dtype = "float32", Others = LegacyDtype.Without(model.Config.Others) }),
        CheckpointFile.Json($"{folder}{GenerationDefaults.FileName}", model.Generation),
        CheckpointFile.Weights($"{folder}model.safetensors", model.state_dict().Select(p => KeyValuePair.Create(p.Key, Relayout(p.Key, p.Value)))),
    ];

    /// <summary>From the file's layout of a tensor to the module's, or back.</summary>
    public static Tensor Relayout(string name, Tensor value) => IsConv1D().IsMatch(name) ? value.t() : value.alias();

    [GeneratedRegex(@"\.(c_attn|c_proj|c_fc)\.weight$")]
    private static partial Regex IsConv1D();
}
