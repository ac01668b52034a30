namespace GmailCluster.Results;

/// <summary>Embeddings projected on their two principal axes, fitted once so that all kinds share them.</summary>
public sealed record EmbeddingMap
{
    /// <summary>The seed of the alignment shown.</summary>
    public int Seed { get; init; }

    /// <summary>Share of the variance on each axis, 0 to 1.</summary>
    public IReadOnlyList<double> Explained { get; init; } = [];

    /// <summary>The points.</summary>
    public required IReadOnlyList<MapPoint> Points { get; init; }
}

/// <summary>One picture in the plane.</summary>
/// <param name="X">Coordinate on the first axis.</param>
/// <param name="Y">Coordinate on the second axis.</param>
/// <param name="Kind">What it is and how it was seen.</param>
/// <param name="Id">The caption's id: points of one id belong together.</param>
public sealed record MapPoint(double X, double Y, MapKind Kind, string Id);

/// <summary>What a point of the map is.</summary>
public enum MapKind
{
    /// <summary>A real picture through CLIP.</summary>
    Real,

    /// <summary>A generated picture through CLIP: before alignment.</summary>
    Generated,

    /// <summary>A generated picture through Gen-CLIP: after alignment.</summary>
    GeneratedAligned,
}
