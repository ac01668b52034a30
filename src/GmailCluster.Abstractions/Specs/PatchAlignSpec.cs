using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Specs;

/// <summary>
/// LLaVA's adapter: the loss of the first one, and these terms over patches h of the layer that LLaVA reads, generated through Gen-CLIP
/// against real through CLIP.
/// </summary>
public sealed record PatchAlignSpec
{
    /// <summary>Weight of 1 - cos(h_g, h_r), mean over positions. Default 1.</summary>
    [Range(0.0, 1e6)]
    public double Cosine { get; init; } = 1;

    /// <summary>
    /// Weight of InfoNCE between whole patch maps, at the temperature of <c>real_info_nce</c>: two pictures' likeness is the mean over
    /// positions of the cosine of their patches. Default 3.
    /// </summary>
    [Range(0.0, 1e6)]
    public double InfoNce { get; init; } = 3;

    /// <summary>Weight of MMD^2 between normalised mean patches. Default 0.</summary>
    [Range(0.0, 1e6)]
    public double Mmd { get; init; }

    /// <summary>Weight of MMD^2 between normalised patches, position by position, averaged over positions. Default 50.</summary>
    [Range(0.0, 1e6)]
    public double PositionMmd { get; init; } = 50;

    /// <summary>Optimiser steps. Default 300.</summary>
    [Range(1, 10_000_000)]
    public int Steps { get; init; } = 300;

    /// <summary>The adapter. Default rank 16, alpha 32: patches need more room than the pooled embedding.</summary>
    public LoraSpec Lora { get; init; } = new() { Rank = 16, Alpha = 32 };
}
