namespace GmailCluster.Results;

/// <summary>How far generated images lie from real ones in embedding space, one figure a way of looking.</summary>
public sealed record GapFigures
{
    /// <summary>CMMD: squared maximum mean discrepancy, sigma 10, times 1000. 0 when the distributions agree.</summary>
    public required double Cmmd { get; init; }

    /// <summary>Frechet distance of the two Gaussians. 0 when they agree.</summary>
    public required double Frechet { get; init; }

    /// <summary>Distance between the mean embeddings.</summary>
    public required double CentroidDistance { get; init; }

    /// <summary>Mean cosine of a generated image and the real one of the same caption; higher is nearer.</summary>
    public required double PairedCosine { get; init; }

    /// <summary>Share of generated images whose nearest real one is that of the same caption, 0 to 1.</summary>
    public required double GeneratedToRealRecallAt1 { get; init; }

    /// <summary>Balanced accuracy of a plane that tells generated from real; 0.5 when they cannot be told apart.</summary>
    public required double LinearSeparability { get; init; }
}
