using System.Text.Json.Nodes;
using GmailCluster.Errors;

namespace GmailCluster.Models.Diffusion;

/// <summary>
/// The fields of one of diffusers' config files. What reads them takes what it knows, by name; what has a value that is not supported is
/// refused by name.
/// </summary>
internal class ConfigFields(JsonObject fields, string where, string remedy)
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public string Where => where;

    /// <summary>Absent or null.</summary>
    public bool IsNull(string key) => fields[key] is null;

    /// <summary>Present, as null.</summary>
    public bool IsExplicitNull(string key) => fields.ContainsKey(key) && IsNull(key);

    public bool IsList(string key) => fields[key] is JsonArray;

    public int Int(string key, int fallback, int minimum = int.MinValue) => IntOrNull(key, minimum) ?? fallback;

    public int? IntOrNull(string key, int minimum = int.MinValue)
    {
        var value = Take(key) is { } node ? Whole(key, node) : (int?)null;
        return value is null || value >= minimum ? value : throw Refuse(key, $"must be at least {minimum}");
    }

    /// <summary>A number for all places, or a list with one for each.</summary>
    /// <param name="key">The field.</param>
    /// <param name="fallback">When it is absent.</param>
    /// <param name="places">How many there are.</param>
    public int[] Ints(string key, int fallback, int places)
    {
        var node = Take(key);
        if (node is not JsonArray list)
        {
            var value = node is null ? fallback : Whole(key, node);
            return value > 0 ? [.. Enumerable.Repeat(value, places)] : throw Refuse(key, "must be positive");
        }

        int[] values = [.. list.Select(n => Whole(key, n))];
        return values.Length != places ? throw Refuse(key, $"must be one number or {places}")
            : values.All(v => v > 0) ? values : throw Refuse(key, "must be positive");
    }

    /// <summary>A list of positive whole numbers.</summary>
    public int[] IntList(string key, params int[] fallback)
    {
        var node = Take(key);
        int[] values = node switch
        {
            null => fallback,
            JsonArray list => [.. list.Select(n => Whole(key, n))],
            _ => throw Refuse(key, "must be a list"),
        };
        return values.Length > 0 && values.All(v => v > 0) ? values : throw Refuse(key, "must be a list of positive numbers");
    }

    public double Number(string key, double fallback) => NumberOrNull(key) ?? fallback;

    public double? NumberOrNull(string key) => Take(key) switch
    {
        null => null,
        JsonValue v when v.TryGetValue<double>(out var number) => number,
        // Python writes infinities as bare words; they were quoted before parsing.
        JsonValue v when v.TryGetValue<string>(out var text) && PythonJson.TryInfinity(text, out var infinity) => infinity,
        _ => throw Refuse(key, "must be a number"),
    };

    public IReadOnlyList<double>? Numbers(string key) => Take(key) switch
    {
        null => null,
        JsonArray list => [.. list.Select(n => n is JsonValue v && v.TryGetValue<double>(out var number) ? number : throw Refuse(key, "must be a list of numbers"))],
        _ => throw Refuse(key, "must be a list of numbers"),
    };

    public bool Flag(string key, bool fallback) => Take(key) switch
    {
        null => fallback,
        JsonValue v when v.TryGetValue<bool>(out var flag) => flag,
        _ => throw Refuse(key, "must be true or false"),
    };

    /// <summary>One of a few words.</summary>
    public string Word(string key, string fallback, params string[] allowed)
    {
        var node = Take(key);
        return node is null ? fallback : Allowed(key, node, allowed);
    }

    /// <summary>A list of a few words.</summary>
    public string[] Words(string key, string[] fallback, params string[] allowed) => Take(key) switch
    {
        null => fallback,
        JsonArray list => [.. list.Select(n => Allowed(key, n, allowed))],
        _ => throw Refuse(key, "must be a list"),
    };

    /// <summary>Options that may be present, but only switched off: null, false, or the value that means nothing.</summary>
    public void RefuseIfSet(string key, double? neutral = null)
    {
        var isOff = Take(key) switch
        {
            null => true,
            JsonValue v when v.TryGetValue<bool>(out var flag) => !flag,
            JsonValue v when v.TryGetValue<double>(out var number) => number == neutral,
            _ => false,
        };
        if (!isOff)
        {
            throw Refuse(key, "is not supported");
        }
    }

    /// <summary>Options without effect on what is done here.</summary>
    public void PassOver(params string[] keys) => _taken.UnionWith(keys);

    /// <summary>Call when everything was taken: what is left over and set would change the result in a way nobody here knows.</summary>
    public void RefuseUnknown(IReadOnlySet<string> carriedAlong)
    {
        foreach (var key in fields.Select(f => f.Key).Where(k => k[0] != '_' && !_taken.Contains(k) && !carriedAlong.Contains(k)).Order(StringComparer.Ordinal))
        {
            RefuseIfSet(key);
        }
    }

    public InputException Refuse(string key, string problem) =>
        new(where, $"has '{key}' = {fields[key]?.ToJsonString() ?? "null"}, which {problem}.", remedy);

    private string Allowed(string key, JsonNode? node, string[] allowed) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) && allowed.Contains(text, StringComparer.Ordinal)
            ? text
            : throw Refuse(key, $"is not supported (supported: {string.Join(", ", allowed)})");

    private int Whole(string key, JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<int>(out var number) ? number : throw Refuse(key, "must be a whole number");

    private JsonNode? Take(string key)
    {
        _taken.Add(key);
        return fields[key];
    }
}
