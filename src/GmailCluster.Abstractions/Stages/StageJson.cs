using System.Text.Json;
using System.Text.Json.Serialization;

namespace GmailCluster.Stages;

/// <summary>The one JSON dialect of stage settings and records: snake_case, enums as words, indented for people.</summary>
public static class StageJson
{
    /// <summary>Shared options.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        WriteIndented = true,
    };
}
