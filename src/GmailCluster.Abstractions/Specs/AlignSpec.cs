using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Specs;

/// <summary>How Gen-CLIP, a LoRA on CLIP's image tower, is aligned on generated images only (GMAIL, section 3).</summary>
public sealed record AlignSpec
{
    /// <summary>Named loss: <c>matched</c> closes the gap, <c>paper</c> is the InfoNCE term alone. Default matched.</summary>
    public AlignPreset Preset { get; init; } = AlignPreset.Matched;

    /// <summary>Other presets to align and measure with the first seed, beside the one that arms train on. Default: none.</summary>
    public IReadOnlyList<AlignPreset> Compare { get; init; } = [];

    /// <summary>Settings that replace the preset's.</summary>
    public AlignLossSpec Loss { get; init; } = new();

    /// <summary>The adapter.</summary>
    public LoraSpec Lora { get; init; } = new();

    /// <summary>Optimiser steps. Default 120.</summary>
    [Range(1, 10_000_000)]
    public int Steps { get; init; } = 120;

    /// <summary>Captions in a global batch, one image of each; split evenly over the ranks. Default 128.</summary>
    [Range(2, 1_000_000)]
    public int BatchSize { get; init; } = 128;

    /// <summary>The optimiser. Default learning rate 3e-3 with 10 steps of warm-up.</summary>
    public OptimizerSpec Optimizer { get; init; } = new() { LearningRate = 3e-3, WarmupSteps = 10 };
}

/// <summary>Named alignment losses.</summary>
public enum AlignPreset
{
    /// <summary>InfoNCE to the real picture, cosine, half an InfoNCE to the caption, 50 MMD^2.</summary>
    Matched,

    /// <summary>InfoNCE to the real picture alone, as the paper states it.</summary>
    Paper,
}

/// <summary>Weights of the alignment loss; a value left out is the preset's.</summary>
public sealed record AlignLossSpec
{
    /// <summary>Weight of InfoNCE(generated, real). Both presets: 1.</summary>
    [Range(0.0, 1e6)]
    public double? RealInfoNce { get; init; }

    /// <summary>Temperature of InfoNCE(generated, real). Both presets: 0.07.</summary>
    [Range(1e-4, 100.0)]
    public double? RealTemperature { get; init; }

    /// <summary>Weight of 1 - cos(generated, real). Matched 1, paper 0.</summary>
    [Range(0.0, 1e6)]
    public double? Cosine { get; init; }

    /// <summary>Weight of InfoNCE(generated, caption) at CLIP's own temperature. Matched 0.5, paper 0.</summary>
    [Range(0.0, 1e6)]
    public double? TextInfoNce { get; init; }

    /// <summary>Weight of the unbiased MMD^2(generated, real). Matched 50, paper 0.</summary>
    [Range(0.0, 1e6)]
    public double? Mmd { get; init; }

    /// <summary>Widths of the MMD's Gaussian kernels, summed. Default [0.35, 0.7].</summary>
    public IReadOnlyList<double>? MmdSigmas { get; init; }

    /// <summary>
    /// Weight of 1 - cos(h_g, h_r), mean over positions, for patches h of the hidden state that llava reads (without llava: the last but
    /// one). Both presets: 0.
    /// </summary>
    [Range(0.0, 1e6)]
    public double? PatchCosine { get; init; }

    /// <summary>Weight of MMD^2 between normalised mean patches. Both presets: 0.</summary>
    [Range(0.0, 1e6)]
    public double? PatchMmd { get; init; }

    /// <summary>Weight of MMD^2 between normalised patches, position by position, averaged over positions. Both presets: 0.</summary>
    [Range(0.0, 1e6)]
    public double? PatchPositionMmd { get; init; }

    /// <summary>
    /// Weight of InfoNCE between whole patch maps, at the temperature of <c>real_info_nce</c>: two pictures' likeness is the mean over
    /// positions of the cosine of their patches. Both presets: 0.
    /// </summary>
    [Range(0.0, 1e6)]
    public double? PatchInfoNce { get; init; }

    /// <summary>The preset with these values laid over it.</summary>
    public AlignLossWeights Over(AlignPreset preset)
    {
        var matched = preset == AlignPreset.Matched;
        return new AlignLossWeights(
            RealInfoNce ?? 1, RealTemperature ?? 0.07, Cosine ?? (matched ? 1 : 0), TextInfoNce ?? (matched ? 0.5 : 0),
            Mmd ?? (matched ? 50 : 0), MmdSigmas ?? [0.35, 0.7], PatchCosine ?? 0, PatchMmd ?? 0, PatchPositionMmd ?? 0,
            PatchInfoNce ?? 0);
    }
}

/// <summary>The alignment loss with every weight decided.</summary>
public sealed record AlignLossWeights(
    double RealInfoNce, double RealTemperature, double Cosine, double TextInfoNce,
    double Mmd, IReadOnlyList<double> MmdSigmas, double PatchCosine, double PatchMmd, double PatchPositionMmd,
    double PatchInfoNce)
{
    /// <summary>Whether patches are part of the loss.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool NeedsPatches => PatchCosine > 0 || PatchMmd > 0 || PatchPositionMmd > 0 || PatchInfoNce > 0;
}

/// <summary>A low-rank adapter (LoRA, arXiv 2106.09685), in PEFT's terms.</summary>
public sealed record LoraSpec
{
    /// <summary>Rank r. Default 4, the paper's best.</summary>
    [Range(1, 4096)]
    public int Rank { get; init; } = 4;

    /// <summary>Scale numerator: the update is multiplied by alpha / r. Default 8.</summary>
    [Range(1e-3, 1e5)]
    public double Alpha { get; init; } = 8;

    /// <summary>Linear layers to adapt, by the last part of their name. Default: all six of a CLIP layer.</summary>
    [MinLength(1)]
    public IReadOnlyList<string> TargetModules { get; init; } = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"];
}
