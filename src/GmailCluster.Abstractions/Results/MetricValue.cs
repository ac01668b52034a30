using GmailCluster.Specs;

namespace GmailCluster.Results;

/// <summary>One figure of one trained model.</summary>
public sealed record MetricValue
{
    /// <summary>What the model was trained on.</summary>
    public required Arm Arm { get; init; }

    /// <summary>The seed it was trained with.</summary>
    public required int Seed { get; init; }

    /// <summary>What it does: <c>caption</c>, <c>retrieve</c>, <c>zero_shot</c>, <c>long</c>, <c>llava</c>.</summary>
    public required string Task { get; init; }

    /// <summary>The test set, or null where the task has only one.</summary>
    public string? Dataset { get; init; }

    /// <summary>The figure's name, such as <c>CIDEr</c> or <c>image->text R@1</c>.</summary>
    public required string Metric { get; init; }

    /// <summary>The figure, on the scale it is printed in. Higher is better.</summary>
    public required double Value { get; init; }

    /// <summary>Key of the trained model.</summary>
    public required string ArtifactKey { get; init; }

    /// <summary>The point of a scaling sweep; null for the experiment itself.</summary>
    public SweepPoint? Sweep { get; init; }

    /// <summary>How Gen-CLIP was aligned, for the arms that use it; shown only where an experiment has several.</summary>
    public AlignPreset? Preset { get; init; }
}
