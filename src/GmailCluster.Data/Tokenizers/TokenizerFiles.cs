using System.Text.Encodings.Web;
using System.Text.Json;
using GmailCluster.Data.Json;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers;

/// <summary>The files that make up a folder's tokenizer, to be carried to where a trained model goes.</summary>
public static class TokenizerFiles
{
    private const string ConfigName = "tokenizer_config.json";
    private const string MaximumLengthKey = "model_max_length";

    // Of Names: any of these makes a tokenizer, the others go with them.
    private const int MainNames = 3;

    private static readonly string[] Names =
    [
        "tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", ConfigName, "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
    ];

    // Not for HTML: "<|endoftext|>" stays readable.
    private static readonly JsonWriterOptions Written = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether a folder holds a tokenizer that <see cref="TokenizerFolder.Load"/> would find.</summary>
    public static bool AreIn(string folder) => Names.Take(MainNames).Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>The files' bytes by name, as they are.</summary>
    /// <exception cref="InputException">A file cannot be read.</exception>
    public static IReadOnlyDictionary<string, byte[]> Read(string folder)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var path in Names.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            try
            {
                files[Path.GetFileName(path)] = File.ReadAllBytes(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InputException(path, $"cannot be read ({e.Message.TrimEnd('.')}).", "Check that the file is there and readable.", e);
            }
        }

        return files;
    }

    /// <summary>
    /// The same files for a model that takes another number of tokens: <c>model_max_length</c> in <c>tokenizer_config.json</c> says so, and
    /// nothing else changes.
    /// </summary>
    /// <param name="files">As <see cref="Read"/> gives them, from a folder that a tokenizer could be loaded from.</param>
    /// <param name="maximumLength">The longest sequence, in tokens.</param>
    public static IReadOnlyDictionary<string, byte[]> WithMaximumLength(IReadOnlyDictionary<string, byte[]> files, int maximumLength)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (!files.TryGetValue(ConfigName, out var content))
        {
            return files;
        }

        using var file = JsonFile.Parse(content, ConfigName);
        var length = file.Root.Find(MaximumLengthKey);
        return length.Kind is JsonValueKind.Number && length.AsNumber() == maximumLength
            ? files
            : new SortedDictionary<string, byte[]>(files.ToDictionary(), StringComparer.Ordinal) { [ConfigName] = WithMaximumLength(file.Element, maximumLength) };
    }

    private static byte[] WithMaximumLength(JsonElement config, int maximumLength)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Written))
        {
            writer.WriteStartObject();
            foreach (var property in config.EnumerateObject().Where(property => property.Name != MaximumLengthKey))
            {
                property.WriteTo(writer);
            }

            writer.WriteNumber(MaximumLengthKey, maximumLength);
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }
}
