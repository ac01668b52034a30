using System.Text.Json;
using GmailCluster.Errors;

namespace GmailCluster.Data.Json;

/// <summary>
/// A value inside a JSON file that knows its file and its path, so that a wrong kind or a missing key becomes a message a
/// user can act on. Valid as long as its <see cref="JsonFile"/> is.
/// </summary>
internal readonly struct JsonSection(JsonElement element, string file, string path)
{
    public JsonValueKind Kind => element.ValueKind;

    public bool IsNull => element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public string File => file;

    /// <summary>File and path, such as <c>tokenizer.json: model.merges[3]</c>.</summary>
    public string Where => path.Length == 0 ? file : $"{file}: {path}";

    /// <summary>The value of a key, which must be there and not null.</summary>
    public JsonSection this[string key] =>
        Find(key) is { IsNull: false } found ? found : throw Error($"has no '{key}'.");

    /// <summary>The value of a key, or a null section.</summary>
    public JsonSection Find(string key)
    {
        Expect(JsonValueKind.Object, "an object");
        var value = element.TryGetProperty(key, out var found) ? found : default;
        return new JsonSection(value, file, path.Length == 0 ? key : $"{path}.{key}");
    }

    public string AsString()
    {
        Expect(JsonValueKind.String, "a string");
        return Text(element.GetString);
    }

    public string? AsStringOrNull() => IsNull ? null : AsString();

    public bool AsBoolean() =>
        element.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? element.GetBoolean()
            : throw Error($"should be true or false, and is {Seen()}.");

    public bool AsBoolean(bool orDefault) => IsNull ? orDefault : AsBoolean();

    /// <summary>A token id, a size or a count: 0 to 2^31 - 1.</summary>
    public int AsCount() =>
        element.ValueKind is JsonValueKind.Number && element.TryGetInt32(out var value) && value >= 0
            ? value
            : throw Error($"should be a whole number from 0 to {int.MaxValue}, and is {Seen()}.");

    public double AsNumber() =>
        element.ValueKind is JsonValueKind.Number && element.TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : throw Error($"should be a number, and is {Seen()}.");

    public IEnumerable<JsonSection> Items()
    {
        Expect(JsonValueKind.Array, "a list");
        return Enumerate(element, file, path);

        static IEnumerable<JsonSection> Enumerate(JsonElement element, string file, string path)
        {
            var index = 0;
            foreach (var item in element.EnumerateArray())
            {
                yield return new JsonSection(item, file, $"{path}[{index++}]");
            }
        }
    }

    public IEnumerable<(string Key, JsonSection Value)> Properties()
    {
        Expect(JsonValueKind.Object, "an object");
        return Enumerate(element, file, path);

        static IEnumerable<(string Key, JsonSection Value)> Enumerate(JsonElement element, string file, string path)
        {
            var parent = new JsonSection(element, file, path);
            foreach (var property in element.EnumerateObject())
            {
                var key = parent.Text(() => property.Name);
                yield return (key, new JsonSection(property.Value, file, path.Length == 0 ? key : $"{path}.{key}"));
            }
        }
    }

    public int Count()
    {
        Expect(JsonValueKind.Array, "a list");
        return element.GetArrayLength();
    }

    public InputException Error(string problem, string remedy = "Fetch or export the file again.") => new(Where, problem, remedy);

    /// <summary>The value as written, cut to a length that fits a message.</summary>
    public string Seen()
    {
        if (IsNull)
        {
            return "missing";
        }

        var raw = element.GetRawText();
        return raw.Length <= 60 ? raw : raw[..57] + "...";
    }

    // A string in JSON may hold bytes or escapes that are not Unicode; System.Text.Json finds out only when asked for the text.
    private string Text(Func<string?> read)
    {
        try
        {
            return read() ?? "";
        }
        catch (InvalidOperationException problem)
        {
            throw new InputException(Where, "holds text that is not valid Unicode.", "Fetch or export the file again.", problem);
        }
    }

    private void Expect(JsonValueKind kind, string name)
    {
        if (element.ValueKind != kind)
        {
            throw Error($"should be {name}, and is {Seen()}.");
        }
    }
}
