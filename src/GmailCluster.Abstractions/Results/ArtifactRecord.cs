using GmailCluster.Specs;

namespace GmailCluster.Results;

/// <summary>Something a stage made, by its key in the object store.</summary>
public sealed record ArtifactRecord
{
    /// <summary>The stage that made it, such as <c>generate</c>, <c>align</c>, <c>caption</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>The arm it belongs to, or null when arms share it.</summary>
    public Arm? Arm { get; init; }

    /// <summary>The seed, or null when seeds share it.</summary>
    public int? Seed { get; init; }

    /// <summary>Its key: a hash of what made it.</summary>
    public required string Key { get; init; }

    /// <summary>SHA-256 of its content (of the weights of a model, of the manifest of a set), 64 hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Its size.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>The point of a scaling sweep; null for the experiment itself.</summary>
    public SweepPoint? Sweep { get; init; }
}
