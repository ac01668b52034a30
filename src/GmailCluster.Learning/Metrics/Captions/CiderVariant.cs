namespace GmailCluster.Learning.Metrics.Captions;

/// <summary>Which CIDEr (Vedantam et al., arXiv 1411.5726).</summary>
public enum CiderVariant
{
    /// <summary>CIDEr-D: clipped counts and a Gaussian penalty on length. What pycocoevalcap prints as CIDEr, and papers report.</summary>
    D,

    /// <summary>The paper's first form: the plain cosine of the weighted counts.</summary>
    Cosine,
}
