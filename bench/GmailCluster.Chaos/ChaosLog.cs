using System.Text.Encodings.Web;
using System.Text.Json;

namespace GmailCluster.Chaos;

/// <summary>What happens, a JSON object a line.</summary>
internal sealed class ChaosLog(string path) : IDisposable
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock _lock = new();
    private readonly StreamWriter _lines = new(path) { AutoFlush = true };

    /// <summary>Writes one line.</summary>
    public void Write(object happened)
    {
        lock (_lock)
        {
            _lines.WriteLine(JsonSerializer.Serialize(happened, Options));
        }
    }

    /// <summary>Keeps what the silos of a failed pass said, beside the log.</summary>
    public string Keep(int pass, IEnumerable<string> lines)
    {
        var beside = $"{path}.pass-{pass}.txt";
        File.WriteAllLines(beside, lines);
        return beside;
    }

    public void Dispose() => _lines.Dispose();
}
