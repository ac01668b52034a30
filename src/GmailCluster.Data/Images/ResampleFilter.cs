namespace GmailCluster.Data.Images;

/// <summary>Pillow's resampling filters, by Pillow's numbers (as in preprocessor_config.json).</summary>
public enum ResampleFilter
{
    /// <summary>The closest pixel.</summary>
    Nearest = 0,

    /// <summary>Windowed sinc, three lobes.</summary>
    Lanczos = 1,

    /// <summary>Triangle.</summary>
    Bilinear = 2,

    /// <summary>Cubic with a = -0.5.</summary>
    Bicubic = 3,

    /// <summary>Mean of the pixels covered.</summary>
    Box = 4,

    /// <summary>Hamming window.</summary>
    Hamming = 5,
}
