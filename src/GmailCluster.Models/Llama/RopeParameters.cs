using System.Text.Json;
using System.Text.Json.Serialization;

namespace GmailCluster.Models.Llama;

/// <summary>
/// Rotary embeddings in a config: <c>rope_parameters</c> as transformers 5 writes it, or <c>rope_scaling</c> as everybody did before.
/// </summary>
public sealed record RopeParameters
{
    /// <summary>The base of the wavelengths.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RopeTheta { get; init; }

    /// <summary>default, linear or llama3.</summary>
    public string? RopeType { get; init; }

    /// <summary>The older name of <see cref="RopeType"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>How far positions are stretched.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Factor { get; init; }

    /// <summary>llama3: wavelengths over the original length divided by this are stretched.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LowFreqFactor { get; init; }

    /// <summary>llama3: wavelengths under the original length divided by this are not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? HighFreqFactor { get; init; }

    /// <summary>llama3: the length trained on before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? OriginalMaxPositionEmbeddings { get; init; }

    /// <summary>What share of a head is rotated; only 1 is supported.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PartialRotaryFactor { get; init; }

    /// <summary>What else the file says; written back as it is.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; init; }
}
