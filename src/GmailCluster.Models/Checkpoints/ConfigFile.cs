using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using GmailCluster.Errors;

namespace GmailCluster.Models.Checkpoints;

/// <summary>
/// Reads the JSON files that lie beside weights (<c>config.json</c>, <c>adapter_config.json</c>, ...) into records: snake_case
/// names, fields nobody asks for are passed over, and what is wrong is named by file, line and key.
/// </summary>
public static class ConfigFile
{
    /// <summary>How records are read and written: snake_case, enumerations too, nulls written, two blanks of indent.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        ReadCommentHandling = JsonCommentHandling.Skip,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // not for HTML: "<image>" stays readable
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Reads a file into a record.</summary>
    /// <exception cref="InputException">It is missing, not JSON, or a field has the wrong type or is absent.</exception>
    public static T Read<T>(string path)
        where T : class
    {
        return Parse<T>(ReadBytes(path), path);
    }

    /// <summary>Reads a file as a JSON object, for layouts that change between versions.</summary>
    public static JsonObject ReadObject(string path)
    {
        var bytes = ReadBytes(path);
        return Guard(path, () => JsonNode.Parse(bytes, documentOptions: new() { CommentHandling = JsonCommentHandling.Skip })) as JsonObject
            ?? throw new InputException(path, "does not hold a JSON object.", "Use the file that came with the weights.");
    }

    /// <summary>Reads a file's content, already in memory, into a record.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="where">What to call it in messages.</param>
    public static T Parse<T>(ReadOnlySpan<byte> json, string where)
        where T : class
    {
        var bytes = json.ToArray();
        return Guard(where, () => JsonSerializer.Deserialize<T>(bytes, Options))
            ?? throw new InputException(where, "holds only 'null'.", "Use the file that came with the weights.");
    }

    /// <summary>Turns a part of a file read by <see cref="ReadObject"/> into a record.</summary>
    public static T Convert<T>(JsonNode node, string path)
        where T : class =>
        Guard(path, () => node.Deserialize<T>(Options)) ?? throw new InputException(path, "holds 'null' where an object belongs.", "Use the file that came with the weights.");

    /// <summary>Writes a record: beside the target first, then renamed over it.</summary>
    public static void Write<T>(string path, T value) => WriteText(path, Text(value));

    /// <summary>The text that <see cref="Write"/> writes.</summary>
    public static string Text<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";

    /// <summary>Writes text: beside the target first, then renamed over it.</summary>
    public static void WriteText(string path, string text)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var temporary = $"{full}.{Guid.NewGuid():n}.tmp";
        try
        {
            File.WriteAllText(temporary, text);
            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, "cannot be read.", $"{error.Message} The file belongs beside the weights.", error);
        }
    }

    private static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (JsonException error)
        {
            var where = error.LineNumber is { } line ? $"{path}:{line + 1}" : path;
            var key = error.Path is { Length: > 2 } p ? $"has a wrong value at '{p[2..]}'" : "is not usable";
            var detail = error.Message.Split(" Path: ")[0];
            throw new InputException(where, $"{key}: {detail}", "Correct it or use the file that came with the weights.", error);
        }
    }
}
