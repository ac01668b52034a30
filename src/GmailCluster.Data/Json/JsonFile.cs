using System.Text.Json;
using GmailCluster.Errors;

namespace GmailCluster.Data.Json;

/// <summary>A JSON file somebody gave us, read so that whatever is wrong with it is said with its place and a remedy.</summary>
internal sealed class JsonFile : IDisposable
{
    private readonly JsonDocument _document;

    private JsonFile(JsonDocument document, string where)
    {
        _document = document;
        Root = new JsonSection(document.RootElement, where, path: "");
    }

    public JsonSection Root { get; }

    /// <summary>The whole value, valid as long as this is not disposed.</summary>
    public JsonElement Element => _document.RootElement;

    public static JsonFile Open(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be read ({problem.Message.TrimEnd('.')}).", "Check that the file is there and readable.", problem);
        }

        return Parse(bytes, path);
    }

    public static JsonFile Parse(ReadOnlyMemory<byte> utf8, string where)
    {
        if (utf8.Span.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        try
        {
            return new JsonFile(JsonDocument.Parse(utf8), where);
        }
        catch (JsonException problem)
        {
            var at = $"{where}:{problem.LineNumber + 1}:{problem.BytePositionInLine + 1}";
            throw new InputException(at, "is not valid JSON here.", "The file may be cut short or damaged: fetch or export it again.", problem);
        }
    }

    public void Dispose() => _document.Dispose();
}
