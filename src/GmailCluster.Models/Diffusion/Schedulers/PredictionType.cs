namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>What a denoiser's output means.</summary>
internal enum PredictionType
{
    /// <summary>The noise in the sample.</summary>
    Epsilon,

    /// <summary>The clean sample.</summary>
    Sample,

    /// <summary>The velocity, sqrt(a) noise - sqrt(1 - a) clean (Salimans and Ho, arXiv 2202.00512).</summary>
    VPrediction,
}
