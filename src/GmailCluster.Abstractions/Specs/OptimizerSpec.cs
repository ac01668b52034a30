using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Specs;

/// <summary>AdamW (Loshchilov &amp; Hutter, arXiv 1711.05101) with linear warm-up and cosine decay.</summary>
public sealed record OptimizerSpec
{
    /// <summary>Peak learning rate. Default 1e-3; each section may have another.</summary>
    [Range(0.0, 10.0, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decoupled weight decay. Default 0.</summary>
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; }

    /// <summary>Decay of the first moment. Default 0.9.</summary>
    [Range(0.0, 0.999999)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment. Default 0.999.</summary>
    [Range(0.0, 0.999999)]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment. Default 1e-8.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Steps of linear warm-up from 0. Default 0.</summary>
    [Range(0, 1_000_000)]
    public int WarmupSteps { get; init; }

    /// <summary>The cosine ends at this fraction of the peak. Default 0.</summary>
    [Range(0.0, 1.0)]
    public double FinalFraction { get; init; }

    /// <summary>Largest norm of the global gradient; larger ones are scaled down. Default: no clipping.</summary>
    [Range(1e-6, 1e6)]
    public double? ClipNorm { get; init; }
}
