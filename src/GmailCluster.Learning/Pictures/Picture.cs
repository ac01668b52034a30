using System.Text.Json.Serialization;

namespace GmailCluster.Learning.Pictures;

/// <summary>A picture of a set: its encoded bytes and what its shard says of it.</summary>
/// <param name="Id">The picture's name: see <see cref="Arms.PictureId"/>.</param>
/// <param name="Encoded">PNG, JPEG or WebP bytes as they were imported or generated.</param>
/// <param name="About">The record beside it.</param>
public sealed record Picture(string Id, byte[] Encoded, PictureRecord About)
{
    /// <summary>Where it is, for messages.</summary>
    public string Where => $"picture {Id}";
}

/// <summary>What <c>key.json</c> in a shard says of a picture.</summary>
public sealed record PictureRecord
{
    /// <summary>The caption's id.</summary>
    public required string Id { get; init; }

    /// <summary>Its captions; generated pictures have the one they were made from.</summary>
    public required IReadOnlyList<string> Captions { get; init; }

    /// <summary>Its long caption.</summary>
    public string? LongCaption { get; init; }

    /// <summary>Further fields of an imported record, as text.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();

    /// <summary>How a generated picture was made; null for real ones.</summary>
    public Provenance? Generated { get; init; }
}

/// <summary>How a picture was made: enough to make it again.</summary>
public sealed record Provenance
{
    /// <summary>Which of the caption's images it is.</summary>
    [JsonPropertyName("k")]
    public required int K { get; init; }

    /// <summary>Seed of the noise: the noise depends on (seed, caption id, k).</summary>
    public required int Seed { get; init; }

    /// <summary>The scheduler.</summary>
    public required string Sampler { get; init; }

    /// <summary>Denoising steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Classifier-free guidance scale.</summary>
    public required double GuidanceScale { get; init; }

    /// <summary>Content hash of the pipeline.</summary>
    public required string Model { get; init; }
}
