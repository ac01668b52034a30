using GmailCluster.Specs;

namespace GmailCluster.Results;

/// <summary>A scalar over the steps of one training run.</summary>
public sealed record TrainingCurve
{
    /// <summary>The stage, such as <c>align</c> or <c>caption</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>The arm, or null when arms share the run.</summary>
    public Arm? Arm { get; init; }

    /// <summary>The seed, or null when seeds share the run.</summary>
    public int? Seed { get; init; }

    /// <summary>What is plotted. Default <c>loss</c>.</summary>
    public string Name { get; init; } = "loss";

    /// <summary>Step numbers, ascending.</summary>
    public required IReadOnlyList<int> Steps { get; init; }

    /// <summary>The scalar at each step.</summary>
    public required IReadOnlyList<double> Values { get; init; }

    /// <summary>The point of a scaling sweep; null for the experiment itself.</summary>
    public SweepPoint? Sweep { get; init; }
}
