using System.Text.Json.Serialization;
using GmailCluster.Specs;

namespace GmailCluster.Results;

/// <summary>A real picture and a generated one of the same caption.</summary>
public sealed record PicturePair
{
    /// <summary>The caption's id.</summary>
    public required string Id { get; init; }

    /// <summary>The caption, as people wrote it.</summary>
    public required string Caption { get; init; }

    /// <summary>The real picture as PNG; not in results.json. Empty when there is none.</summary>
    [JsonIgnore]
    public byte[] RealPng { get; init; } = [];

    /// <summary>The generated picture as PNG; not in results.json. Empty when there is none.</summary>
    [JsonIgnore]
    public byte[] GeneratedPng { get; init; } = [];

    /// <summary>What each arm's captioner says about the real picture.</summary>
    public IReadOnlyList<ArmCaption> Captions { get; init; } = [];
}

/// <summary>A caption by one arm.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Text">Its caption.</param>
public sealed record ArmCaption(Arm Arm, string Text);
