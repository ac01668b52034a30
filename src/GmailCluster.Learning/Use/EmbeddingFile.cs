using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;
using GmailCluster.Models.Safetensors;
using Parquet.Serialization;

namespace GmailCluster.Learning.Use;

/// <summary>
/// Embeddings as a file, in the form that its extension names. Parquet: columns <c>name</c>, <c>kind</c> (picture or text) and
/// <c>embedding</c>. JSON lines: an object with the same members. safetensors: a tensor <c>embeddings</c>, [N, P], with names and kinds as
/// JSON lists in the metadata. The same rows give the same bytes.
/// </summary>
public static class EmbeddingFile
{
    private static readonly JsonWriterOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Extensions that are known.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".parquet", ".jsonl", ".safetensors"];

    /// <summary>Refuses a file of no known form, before any work is done for it.</summary>
    public static void Check(string path)
    {
        if (!Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
        {
            throw new InputException(path, "has no extension that says how embeddings are to be written.", $"End its name in {string.Join(", ", Extensions)}.");
        }
    }

    /// <summary>Writes rows of equal width; a reader sees the old file or the whole new one.</summary>
    public static async Task Write(string path, IReadOnlyList<EmbeddingRow> rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        Check(path);
        try
        {
            var full = Path.GetFullPath(path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            var partial = $"{full}.partial";
            var stream = File.Create(partial);
            await using (stream.ConfigureAwait(false))
            {
                await Write(stream, Path.GetExtension(path).ToLowerInvariant(), rows, cancellationToken).ConfigureAwait(false);
            }

            File.Move(partial, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GmailClusterException(path, $"cannot be written: {e.Message}", "Check the folder, your rights to it and the room on the disk.", e);
        }
    }

    /// <summary>A row as one line of JSON, without the line's end.</summary>
    public static string JsonLine(EmbeddingRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Line))
        {
            writer.WriteStartObject();
            writer.WriteString("name", row.Name);
            writer.WriteString("kind", Kind(row));
            writer.WriteStartArray("embedding");
            foreach (var value in row.Values)
            {
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static async Task Write(FileStream stream, string extension, IReadOnlyList<EmbeddingRow> rows, CancellationToken cancellationToken)
    {
        switch (extension)
        {
            case ".parquet":
                var table = rows.Select(row => new ParquetRow { Name = row.Name, Kind = Kind(row), Embedding = [.. row.Values] });
                await ParquetSerializer.SerializeAsync(table, stream, cancellationToken: cancellationToken).ConfigureAwait(false);
                break;
            case ".jsonl":
                foreach (var row in rows)
                {
                    await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(JsonLine(row) + "\n"), cancellationToken).ConfigureAwait(false);
                }

                break;
            default:
                WriteSafetensors(stream, rows);
                break;
        }
    }

    private static void WriteSafetensors(FileStream stream, IReadOnlyList<EmbeddingRow> rows)
    {
        using var scope = NewDisposeScope();
        var values = TensorRows.From([.. rows.SelectMany(row => row.Values)], rows.Count, rows.Count == 0 ? 0 : rows[0].Values.Length); // [N, P]
        SafetensorsWriter.Write(stream, [KeyValuePair.Create("embeddings", values)], new Dictionary<string, string>
        {
            ["names"] = JsonSerializer.Serialize(rows.Select(row => row.Name)),
            ["kinds"] = JsonSerializer.Serialize(rows.Select(Kind)),
        });
    }

    private static string Kind(EmbeddingRow row) => row.IsText ? "text" : "picture";

    internal sealed class ParquetRow
    {
        [JsonPropertyName("name"), JsonRequired]
        public string Name { get; set; } = "";

        [JsonPropertyName("kind"), JsonRequired]
        public string Kind { get; set; } = "";

        [JsonPropertyName("embedding"), JsonRequired]
        public List<float> Embedding { get; set; } = [];
    }
}
