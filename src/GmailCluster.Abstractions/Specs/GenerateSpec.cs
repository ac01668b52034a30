using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Specs;

/// <summary>How images are generated from captions. Everything here is part of the images' key.</summary>
public sealed record GenerateSpec
{
    /// <summary>Images per caption K. Default 1.</summary>
    [Range(1, 1000)]
    public int ImagesPerCaption { get; init; } = 1;

    /// <summary>Denoising steps. Default 25.</summary>
    [Range(1, 1000)]
    public int Steps { get; init; } = 25;

    /// <summary>Classifier-free guidance scale; 1 turns guidance off. Default 7.5.</summary>
    [Range(1.0, 100.0)]
    public double GuidanceScale { get; init; } = 7.5;

    /// <summary>What to steer away from. Default: the empty caption.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>Seed of the noise: image k of caption c depends on (seed, c, k) alone. Default 0.</summary>
    [Range(0, int.MaxValue)]
    public int Seed { get; init; }

    /// <summary>Images per shard. Default 256.</summary>
    [Range(1, 100_000)]
    public int ShardSize { get; init; } = 256;

    /// <summary>Images per forward pass. Does not change an image by more than rounding, but is part of the key. Default 32.</summary>
    [Range(1, 4096)]
    public int BatchSize { get; init; } = 32;
}
