using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using GmailCluster.Learning.Metrics.Embeddings;

namespace GmailCluster.Learning.Tests.Metrics;

/// <summary>Reads the metrics' reference outputs with nothing but the base library, so that a loader's bug cannot hide here.</summary>
internal static class MetricGoldens
{
    public static JsonElement Json(string kind)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(kind), "reference.json")));
        return document.RootElement.Clone();
    }

    public static EmbeddingMatrix Matrix(string kind, string tensor)
    {
        var bytes = File.ReadAllBytes(Path.Combine(Folder(kind), "reference.safetensors"));
        var headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, headerLength));
        var entry = header.RootElement.GetProperty(tensor);
        Assert.Equal("F32", entry.GetProperty("dtype").GetString());
        var offsets = entry.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32()).ToArray();
        var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(8 + headerLength + offsets[0], offsets[1] - offsets[0])).ToArray();
        return new EmbeddingMatrix(values, entry.GetProperty("shape")[1].GetInt32());
    }

    private static string Folder(string kind, [CallerFilePath] string here = "") => Path.Combine(
        Environment.GetEnvironmentVariable("GMAILCLUSTER_GOLDENS") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "goldens"),
        kind);
}
