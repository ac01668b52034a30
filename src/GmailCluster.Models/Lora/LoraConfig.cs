using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using GmailCluster.Errors;
using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Models.Lora;

/// <summary>An adapter's settings: PEFT's <c>adapter_config.json</c>, with its field names and defaults.</summary>
public sealed record LoraConfig
{
    // Variants that compute something else than W + scaling * B A, and initialisations that also change W.
    private static readonly string[] Refused =
    [
        "use_dora", "use_qalora", "use_bdlora", "lora_bias", "modules_to_save", "layer_replication", "alora_invocation_tokens", "trainable_token_indices",
        "target_parameters", "arrow_config", "kasa_config", "monteclora_config", "velora_config", "megatron_config",
    ];

    /// <summary>Always <c>LORA</c>.</summary>
    public string PeftType { get; init; } = "LORA";

    /// <summary>The model the adapter is for, as a note to readers.</summary>
    public string? BaseModelNameOrPath { get; init; }

    /// <summary>PEFT's task type, or null.</summary>
    public string? TaskType { get; init; }

    /// <summary>Rank r.</summary>
    public int R { get; init; } = 8;

    /// <summary>Scale numerator.</summary>
    public double LoraAlpha { get; init; } = 8;

    /// <summary>Share of inputs dropped in training; not applied here, so a training run refuses it.</summary>
    public double LoraDropout { get; init; }

    /// <summary>Layers to adapt.</summary>
    public required LoraTargets TargetModules { get; init; }

    /// <summary>Layers to leave alone.</summary>
    public LoraTargets? ExcludeModules { get; init; }

    /// <summary>Only <c>none</c> is supported.</summary>
    public string Bias { get; init; } = "none";

    /// <summary>Scale by alpha / sqrt(r) instead of alpha / r (arXiv 2312.03732).</summary>
    public bool UseRslora { get; init; }

    /// <summary>Indices of the layers to adapt; null or none means all.</summary>
    [JsonConverter(typeof(OneOrMany<int>))]
    public IReadOnlyList<int>? LayersToTransform { get; init; }

    /// <summary>Names of the lists that <see cref="LayersToTransform"/> counts in.</summary>
    [JsonConverter(typeof(OneOrMany<string>))]
    public IReadOnlyList<string>? LayersPattern { get; init; }

    /// <summary>Ranks of particular layers, by regular expression on the end of the name.</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Alphas of particular layers, in the same way.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>PEFT loads an adapter frozen when true.</summary>
    public bool InferenceMode { get; init; } = true;

    /// <summary>Settings of PEFT that say nothing here; kept, so that a file comes back as it was.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; init; }

    /// <summary>An adapter for layers by the last part of their name, within the parts of a model whose name contains a word.</summary>
    /// <param name="rank">Rank r.</param>
    /// <param name="alpha">Scale numerator.</param>
    /// <param name="layers">Last parts of names, such as <c>q_proj</c>.</param>
    /// <param name="within">
    /// A part of every name, such as <c>vision_model</c>: PEFT then finds the same layers in a whole <c>CLIPModel</c>. Null: anywhere.
    /// </param>
    public static LoraConfig For(int rank, double alpha, IReadOnlyList<string> layers, string? within = null)
    {
        ArgumentNullException.ThrowIfNull(layers);
        return new LoraConfig
        {
            R = rank,
            LoraAlpha = alpha,
            TargetModules = within is null
                ? LoraTargets.Named(layers)
                : LoraTargets.Matching($@".*{Regex.Escape(within)}.*\.({string.Join('|', layers.Select(Regex.Escape))})"),
        };
    }

    /// <summary>Reads an <c>adapter_config.json</c>.</summary>
    public static LoraConfig Read(string path) => ConfigFile.Read<LoraConfig>(path).Checked(path);

    /// <summary>Reads the content of an <c>adapter_config.json</c>.</summary>
    public static LoraConfig Parse(ReadOnlySpan<byte> json, string where) => ConfigFile.Parse<LoraConfig>(json, where).Checked(where);

    /// <summary>The file's text, keys in order, as PEFT writes it.</summary>
    public string ToJson()
    {
        var node = JsonSerializer.SerializeToNode(this, ConfigFile.Options)!.AsObject();
        var sorted = new JsonObject();
        foreach (var (key, value) in node.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            sorted[key] = value?.DeepClone();
        }

        return ConfigFile.Text(sorted);
    }

    /// <summary>Whether PEFT would adapt a layer of this name (<c>check_target_module_exists</c>).</summary>
    internal bool Targets(string name)
    {
        if (ExcludeModules is { IsEmpty: false } excluded && excluded.Covers(name))
        {
            return false;
        }

        if (!TargetModules.Covers(name))
        {
            return false;
        }

        if (!TargetModules.IsList || TargetModules.Spells(name) || LayersToTransform is not { Count: > 0 } layers)
        {
            return true;
        }

        var lists = LayersPattern is { Count: > 0 } given ? given : [@"[^.]*"];
        var index = lists.Select(l => Regex.Match(name, $@"^.*\.{l}\.(\d+)\.", RegexOptions.None, TimeSpan.FromSeconds(2))).FirstOrDefault(m => m.Success);
        return index is not null && int.TryParse(index.Groups[1].Value, out var number) && layers.Contains(number);
    }

    /// <summary>Rank and scaling of one layer.</summary>
    internal (int Rank, double Scaling) For(string name)
    {
        var rank = Pattern(RankPattern, name, R);
        var alpha = Pattern(AlphaPattern, name, LoraAlpha);
        return (rank, UseRslora ? alpha / Math.Sqrt(rank) : alpha / rank);
    }

    private static T Pattern<T>(IReadOnlyDictionary<string, T> patterns, string name, T otherwise)
    {
        foreach (var (pattern, value) in patterns)
        {
            if (LoraTargets.Matches($@"^(.*\.)?({pattern})$", name))
            {
                return value;
            }
        }

        return otherwise;
    }

    internal LoraConfig Checked(string where)
    {
        InputException Bad(string problem, string remedy) => new(where, problem, remedy);
        if (PeftType != "LORA")
        {
            throw Bad($"has peft_type '{PeftType}'.", "Only LORA adapters are supported.");
        }

        if (R < 1 || RankPattern.Values.Any(r => r < 1))
        {
            throw Bad($"has a rank below 1 (r {R}).", "Set r to 1 or more.");
        }

        if (Bias != "none")
        {
            throw Bad($"has bias '{Bias}'.", "Only bias 'none' is supported.");
        }

        foreach (var (key, value) in Others ?? new Dictionary<string, JsonElement>())
        {
            var isSet = value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False) && value.GetRawText() is not ("[]" or "{}");
            if (Refused.Contains(key) && isSet)
            {
                throw Bad($"sets '{key}'.", "Only plain LoRA is supported: merge such an adapter with PEFT first.");
            }

            if (key == "init_lora_weights" && value.ValueKind == JsonValueKind.String && value.GetString() is not ("gaussian" or "eva" or "orthogonal"))
            {
                throw Bad($"has init_lora_weights '{value.GetString()}', which changes the base weights, too.", "Convert it to plain LoRA with PEFT (path_initial_model_for_weight_conversion).");
            }
        }

        return this;
    }
}
