using GmailCluster.Specs;

namespace GmailCluster.Reporting.Tables;

/// <summary>A row of the arms table: an arm, and how Gen-CLIP was aligned where an experiment has several ways.</summary>
internal readonly record struct ArmKey(Arm Arm, AlignPreset? Preset = null) : IComparable<ArmKey>
{
    public string Label => Preset is { } preset ? $"{SpecWords.Of(Arm)} ({SpecWords.Of(preset)})" : SpecWords.Of(Arm);

    /// <summary>The name of the arm's colour in the style sheet.</summary>
    public string Colour => ColourOf(Arm);

    public static string ColourOf(Arm? arm) => arm switch
    {
        Arm.Real => "real",
        Arm.Naive => "naive",
        Arm.Mixed => "mixed",
        Arm.Gmail => "gmail",
        Arm.GmailReal => "both",
        _ => "shared",
    };

    public int CompareTo(ArmKey other) => (Arm, Preset ?? default).CompareTo((other.Arm, other.Preset ?? default));
}
