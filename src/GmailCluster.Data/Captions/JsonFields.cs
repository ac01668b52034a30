using System.Text.Json;

namespace GmailCluster.Data.Captions;

/// <summary>Values of a JSON record as the text that samples carry.</summary>
internal static class JsonFields
{
    /// <summary>A member's text: a string as it is, a number or truth value as written; null for null or absent.</summary>
    public static string? Text(JsonElement record, string name)
    {
        if (record.ValueKind != JsonValueKind.Object || !record.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.Object or JsonValueKind.Array
            ? throw new BadRecordException(name, "is not a text.")
            : Flat(value, name);
    }

    /// <summary>A member's texts: one string, or a list of strings; empty when absent.</summary>
    public static IReadOnlyList<string?> Texts(JsonElement record, string name)
    {
        if (record.ValueKind == JsonValueKind.Object && record.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array)
        {
            return [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String
                ? Flat(item, name)
                : throw new BadRecordException(name, "is not a list of texts."))];
        }

        return Text(record, name) is { } text ? [text] : [];
    }

    /// <summary>All members but these, in ordinal order: text as it is, other values as JSON, nulls left out.</summary>
    public static SortedDictionary<string, string> Others(JsonElement record, params IEnumerable<string> known)
    {
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in record.EnumerateObject())
        {
            if (!known.Contains(member.Name) && Flat(member.Value, member.Name) is { } text)
            {
                fields[member.Name] = text;
            }
        }

        return fields;
    }

    /// <summary>A list member of a record; the record is bad without it.</summary>
    public static IReadOnlyList<JsonElement> List(JsonElement record, string name) =>
        record.ValueKind == JsonValueKind.Object && record.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray()]
            : throw new BadRecordException(name, "is missing or not a list.");

    /// <summary>Any value as text; null for JSON's null.</summary>
    public static string? Flat(JsonElement value, string name)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.Null or JsonValueKind.Undefined => null,
                JsonValueKind.String => value.GetString(),
                _ => value.GetRawText(),
            };
        }
        catch (InvalidOperationException)
        {
            throw new BadRecordException(name, "is not valid Unicode.");
        }
    }
}
