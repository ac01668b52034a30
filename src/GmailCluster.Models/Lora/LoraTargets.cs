using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using GmailCluster.Errors;

namespace GmailCluster.Models.Lora;

/// <summary>
/// Which layers an adapter is for, as PEFT spells it: a list of names or name endings, or one regular expression that matches whole
/// names (<c>target_modules</c>, <c>exclude_modules</c>).
/// </summary>
[JsonConverter(typeof(Converter))]
public sealed class LoraTargets
{
    /// <summary>PEFT's word for every linear layer but the language model head.</summary>
    private const string AllLinear = "all-linear";

    private readonly string? _pattern;
    private readonly IReadOnlyList<string> _names;

    private LoraTargets(string? pattern, IReadOnlyList<string> names) => (_pattern, _names) = (pattern, names);

    /// <summary>Layers with one of these names, or whose name ends in a dot and one of them.</summary>
    public static LoraTargets Named(params IReadOnlyList<string> names) => new(null, [.. names]);

    /// <summary>Layers whose whole name matches; "all-linear" means every linear layer.</summary>
    public static LoraTargets Matching(string pattern) => new(pattern, []);

    /// <summary>True when this is a list: PEFT then also looks at <c>layers_to_transform</c>.</summary>
    internal bool IsList => _pattern is null;

    internal bool IsEmpty => _pattern is null or "" && _names.Count == 0;

    internal bool Covers(string name) =>
        _pattern is null ? _names.Any(n => name == n || name.EndsWith("." + n, StringComparison.Ordinal))
        : _pattern == AllLinear ? !(name == "lm_head" || name.EndsWith(".lm_head", StringComparison.Ordinal))
        : Matches($@"^(?:{_pattern})\z", name);

    /// <summary>True when a list gives the name whole.</summary>
    internal bool Spells(string name) => _names.Contains(name);

    internal static bool Matches(string pattern, string name)
    {
        try
        {
            return Regex.IsMatch(name, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(2));
        }
        catch (Exception error) when (error is ArgumentException or RegexMatchTimeoutException)
        {
            throw new InputException("adapter_config.json", $"has the unusable pattern '{pattern}': {error.Message}", "Correct the regular expression.", error);
        }
    }

    private sealed class Converter : JsonConverter<LoraTargets>
    {
        public override LoraTargets Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String
                ? Matching(reader.GetString()!)
                : Named(JsonSerializer.Deserialize<string[]>(ref reader, options) ?? []);

        public override void Write(Utf8JsonWriter writer, LoraTargets value, JsonSerializerOptions options)
        {
            if (value._pattern is not null)
            {
                writer.WriteStringValue(value._pattern);
            }
            else
            {
                JsonSerializer.Serialize(writer, value._names, options);
            }
        }
    }
}
