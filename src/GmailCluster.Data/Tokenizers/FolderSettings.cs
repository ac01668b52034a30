using GmailCluster.Data.Json;
using GmailCluster.Data.Tokenizers.Pipeline;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers;

/// <summary>
/// What tokenizer_config.json, special_tokens_map.json and added_tokens.json say around the tokenizer itself. All three are
/// optional; defaults are those of the transformers library.
/// </summary>
internal sealed record FolderSettings
{
    /// <summary>Such as CLIPTokenizer, without the "Fast" of older files; null when not said.</summary>
    public string? TokenizerClass { get; init; }

    public string? Bos { get; init; }

    public string? Eos { get; init; }

    public string? Pad { get; init; }

    public string? Unk { get; init; }

    public int? MaximumLength { get; init; }

    public bool? AddBos { get; init; }

    public bool? AddEos { get; init; }

    /// <summary>Whether SentencePiece puts its space in front of every stretch between added tokens (true), or the first only.</summary>
    public bool Legacy { get; init; } = true;

    public bool AddPrefixSpace { get; init; }

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public static FolderSettings Read(string folder)
    {
        var settings = new FolderSettings();
        var configPath = Path.Combine(folder, "tokenizer_config.json");
        var says = false;
        if (File.Exists(configPath))
        {
            using var file = JsonFile.Open(configPath);
            settings = ReadConfig(file.Root);
            says = !file.Root.Find("added_tokens_decoder").IsNull;
        }

        // Files older than added_tokens_decoder keep the last word on special tokens in a map of their own (Stable Diffusion 2 pads so).
        var mapPath = Path.Combine(folder, "special_tokens_map.json");
        if (!says && File.Exists(mapPath))
        {
            using var file = JsonFile.Open(mapPath);
            settings = settings with
            {
                Bos = ReadToken(file.Root.Find("bos_token")) ?? settings.Bos,
                Eos = ReadToken(file.Root.Find("eos_token")) ?? settings.Eos,
                Pad = ReadToken(file.Root.Find("pad_token")) ?? settings.Pad,
                Unk = ReadToken(file.Root.Find("unk_token")) ?? settings.Unk,
            };
        }

        var addedPath = Path.Combine(folder, "added_tokens.json");
        if (!says && File.Exists(addedPath))
        {
            using var file = JsonFile.Open(addedPath);
            var added = file.Root.Properties().Select(p => new AddedToken(p.Value.AsCount(), p.Key) { Special = settings.IsSpecial(p.Key) });
            settings = settings with { AddedTokens = [.. added] };
        }

        return settings;
    }

    public SpecialTokenIds Resolve(Func<string, int?> idOf, string where)
    {
        return new SpecialTokenIds(Id(Bos, "bos_token"), Id(Eos, "eos_token"), Id(Pad, "pad_token"), Id(Unk, "unk_token"));

        int? Id(string? token, string key) => token is null
            ? null
            : idOf(token) ?? throw new InputException(
                where, $"has no token '{token}', which its settings name as {key}.",
                "Settings and vocabulary are not of the same tokenizer: fetch or export the folder again.");
    }

    private bool IsSpecial(string token) => token == Bos || token == Eos || token == Pad || token == Unk;

    private static FolderSettings ReadConfig(JsonSection root)
    {
        var maximum = root.Find("model_max_length");
        var length = maximum.IsNull ? double.MaxValue : maximum.AsNumber(); // "no limit" is written as 1e30
        var name = root.Find("tokenizer_class").AsStringOrNull();
        var (addBos, addEos, added) = (root.Find("add_bos_token"), root.Find("add_eos_token"), root.Find("added_tokens_decoder"));
        return new FolderSettings
        {
            TokenizerClass = name is not null && name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name,
            Bos = ReadToken(root.Find("bos_token")),
            Eos = ReadToken(root.Find("eos_token")),
            Pad = ReadToken(root.Find("pad_token")),
            Unk = ReadToken(root.Find("unk_token")),
            MaximumLength = length is >= 1 and <= int.MaxValue ? (int)length : null,
            AddBos = addBos.IsNull ? null : addBos.AsBoolean(),
            AddEos = addEos.IsNull ? null : addEos.AsBoolean(),
            Legacy = root.Find("legacy").AsBoolean(orDefault: true),
            AddPrefixSpace = root.Find("add_prefix_space").AsBoolean(orDefault: false),
            AddedTokens = added.IsNull ? [] : [.. added.Properties().Select(p => ReadAdded(p.Key, p.Value))],
        };
    }

    // "</s>" or {"content": "</s>", ...}
    private static string? ReadToken(JsonSection section) =>
        section.Kind is System.Text.Json.JsonValueKind.Object ? section["content"].AsString() : section.AsStringOrNull();

    private static AddedToken ReadAdded(string key, JsonSection section) =>
        int.TryParse(key, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var id)
            ? AddedTokenReader.Read(id, section)
            : throw section.Error($"should have a token id as its key, and has '{key}'.");
}
