using GmailCluster.Specs;

namespace GmailCluster.Results;

/// <summary>The modality gap at one moment of one alignment.</summary>
public sealed record GapMeasurement
{
    /// <summary>The seed the alignment was trained with.</summary>
    public required int Seed { get; init; }

    /// <summary>The alignment loss.</summary>
    public required AlignPreset Preset { get; init; }

    /// <summary>Before: generated images through CLIP. After: through Gen-CLIP.</summary>
    public required GapMoment When { get; init; }

    /// <summary>The test set whose captions were compared, or null where there is one.</summary>
    public string? Dataset { get; init; }

    /// <summary>The figures.</summary>
    public required GapFigures Figures { get; init; }
}

/// <summary>When a gap was measured.</summary>
public enum GapMoment
{
    /// <summary>Generated images seen through CLIP.</summary>
    Before,

    /// <summary>Generated images seen through Gen-CLIP.</summary>
    After,
}
