using System.Runtime.CompilerServices;
using System.Text.Json;

namespace GmailCluster.Data.Captions.Tables;

/// <summary>One JSON object a line. Blank lines are passed over.</summary>
internal static class JsonLinesTable
{
    public static TableFile Open(string path, CancellationToken cancellationToken) => new(path, null, Rows(path, cancellationToken));

    private static async IAsyncEnumerable<TableRow> Rows(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = TextFiles.Open(path);
        for (var line = 1; await LineReader.Next(reader, path, line, cancellationToken).ConfigureAwait(false) is { } text; line++)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                yield return Row($"line {line}", text);
            }
        }
    }

    private static TableRow Row(string name, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return TableRow.Bad(name, "is not a JSON object.");
            }

            var cells = new Dictionary<string, object>(StringComparer.Ordinal);
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (Cell(member.Value, member.Name) is { } value && !cells.TryAdd(member.Name, value))
                {
                    return TableRow.Bad(name, $"has the member '{member.Name}' twice.");
                }
            }

            return new TableRow(name, cells);
        }
        catch (JsonException e)
        {
            return TableRow.Bad(name, $"is not valid JSON (column {e.BytePositionInLine + 1}).");
        }
        catch (BadRecordException e)
        {
            return TableRow.Bad(name, $"{e.Column} {e.Message}");
        }
    }

    private static object? Cell(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? value.EnumerateArray().Select(item => JsonFields.Flat(item, name)!).ToList()
            : JsonFields.Flat(value, name);
}
