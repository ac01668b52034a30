namespace GmailCluster.Data.Images;

/// <summary>The settings of a CLIPImageProcessor, with the defaults it has in the transformers library.</summary>
public sealed record ClipImageSettings
{
    /// <summary>Whether to resize. Default true.</summary>
    public bool DoResize { get; init; } = true;

    /// <summary>The shorter side after resizing, in pixels; null when <see cref="ResizeTo"/> is given. Default 224.</summary>
    public int? ShortestEdge { get; init; } = 224;

    /// <summary>Height and width after resizing, in pixels, whatever the picture's proportions.</summary>
    public (int Height, int Width)? ResizeTo { get; init; }

    /// <summary>Default bicubic.</summary>
    public ResampleFilter Resample { get; init; } = ResampleFilter.Bicubic;

    /// <summary>Whether to cut out the middle (and fill with zeros what lies outside). Default true.</summary>
    public bool DoCenterCrop { get; init; } = true;

    /// <summary>Height and width of the middle, in pixels. Default 224 x 224.</summary>
    public (int Height, int Width) CropSize { get; init; } = (224, 224);

    /// <summary>Whether to multiply by <see cref="RescaleFactor"/>. Default true.</summary>
    public bool DoRescale { get; init; } = true;

    /// <summary>Default 1 / 255.</summary>
    public double RescaleFactor { get; init; } = 1 / 255.0;

    /// <summary>Whether to subtract the mean and divide by the deviation. Default true.</summary>
    public bool DoNormalize { get; init; } = true;

    /// <summary>Mean of red, green and blue. Default CLIP's.</summary>
    public IReadOnlyList<double> ImageMean { get; init; } = [0.48145466, 0.4578275, 0.40821073];

    /// <summary>Deviation of red, green and blue. Default CLIP's.</summary>
    public IReadOnlyList<double> ImageStd { get; init; } = [0.26862954, 0.26130258, 0.27577711];
}
