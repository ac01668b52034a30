using System.ComponentModel.DataAnnotations;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GmailCluster.Specs.Schema;

/// <summary>The JSON schema of a spec, for editors: made from the records, their limits and doc comments. Draft 7, which YAML editors know best.</summary>
public static class SpecSchema
{
    // Readable text: quotes and '+' as they are, not as \u002B.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as indented JSON with a final line end.</summary>
    public static string Json()
    {
        var docs = XmlDocs.Load();
        var definitions = new JsonObject();
        foreach (var record in SpecReference.Records().Skip(1).OrderBy(record => record.Name, StringComparer.Ordinal))
        {
            definitions[record.Name] = Record(record, docs);
        }

        var root = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "GmailCluster experiment",
        };
        foreach (var (name, value) in Record(typeof(ExperimentSpec), docs).ToList())
        {
            root[name] = value?.DeepClone();
        }

        root["definitions"] = definitions;
        return root.ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
    }

    private static JsonObject Record(Type record, XmlDocs docs)
    {
        var blank = SpecShape.Blank(record);
        var keys = SpecShape.KeysOf(record);
        var properties = new JsonObject();
        foreach (var key in keys)
        {
            var value = Value(key.Type, docs);
            value["description"] = docs.Of(key.Property);
            foreach (var limit in key.Limits)
            {
                Add(value, limit, key.Type);
            }

            if (!key.IsRequired && Default(key, blank) is { } usual)
            {
                value["default"] = usual;
            }

            properties[key.Name] = value;
        }

        var schema = new JsonObject { ["description"] = docs.Of(record), ["type"] = "object", ["additionalProperties"] = false };
        // A list whose default is too short (data.tests) is required as much as a key without a default.
        var required = keys.Where(key => key.IsRequired || (key.Property.GetValue(blank) is { } usual && key.Limits.Any(limit => !limit.IsValid(usual))));
        if (required.Any())
        {
            schema["required"] = new JsonArray([.. required.Select(key => JsonValue.Create(key.Name))]);
        }

        schema["properties"] = properties;
        return schema;
    }

    private static JsonObject Value(Type type, XmlDocs docs) => type switch
    {
        _ when SpecShape.IsRecord(type) => new JsonObject { ["allOf"] = new JsonArray(new JsonObject { ["$ref"] = $"#/definitions/{type.Name}" }) },
        _ when SpecShape.ItemOf(type) is { } item => new JsonObject { ["type"] = "array", ["items"] = Value(item, docs) },
        _ when SpecShape.IsTextMap(type) => new JsonObject
        {
            ["type"] = "object",
            ["additionalProperties"] = new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") },
        },
        _ when type.IsEnum => new JsonObject
        {
            ["oneOf"] = new JsonArray([.. Enum.GetNames(type).Select(name => new JsonObject
            {
                ["enum"] = new JsonArray(SpecWords.Of(type, name)),
                ["description"] = docs.Of(type, name),
            })]),
        },
        _ when type == typeof(int) => new JsonObject { ["type"] = "integer" },
        _ when type == typeof(double) => new JsonObject { ["type"] = "number" },
        _ when type == typeof(bool) => new JsonObject { ["type"] = "boolean" },
        _ when type == typeof(string) => new JsonObject { ["type"] = "string" },
        _ => throw new InvalidOperationException($"The schema does not know values of type {type.Name}."),
    };

    private static void Add(JsonObject value, ValidationAttribute limit, Type type)
    {
        switch (limit)
        {
            case RangeAttribute range:
                value[range.MinimumIsExclusive ? "exclusiveMinimum" : "minimum"] = JsonSerializer.SerializeToNode(range.Minimum);
                value["maximum"] = JsonSerializer.SerializeToNode(range.Maximum);
                break;
            case MinLengthAttribute length:
                value[type == typeof(string) ? "minLength" : "minItems"] = length.Length;
                break;
            case RegularExpressionAttribute pattern:
                value["pattern"] = pattern.Pattern;
                break;
            default:
                throw new InvalidOperationException($"The schema does not know the limit {limit.GetType().Name}.");
        }
    }

    private static JsonNode? Default(SpecKey key, object blank) => key.Property.GetValue(blank) switch
    {
        null => null,
        Enum word => SpecWords.Of(key.Type, word.ToString()),
        IReadOnlyList<Arm> arms => new JsonArray([.. arms.Select(arm => JsonValue.Create(SpecWords.Of(arm)))]),
        var other when SpecShape.IsRecord(key.Type) || SpecShape.IsTextMap(key.Type) || key.Limits.Any(limit => !limit.IsValid(other)) => null,
        var other => JsonSerializer.SerializeToNode(other),
    };
}
