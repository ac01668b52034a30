using GmailCluster.Specs;

namespace GmailCluster.Results;

/// <summary>How long one stage took.</summary>
public sealed record StageTiming
{
    /// <summary>The stage, such as <c>generate</c>, <c>align</c>, <c>caption</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The arm, or null when arms share the stage.</summary>
    public Arm? Arm { get; init; }

    /// <summary>The seed, or null when seeds share the stage.</summary>
    public int? Seed { get; init; }

    /// <summary>Wall-clock time in this run; next to nothing for a cached stage.</summary>
    public required double Seconds { get; init; }

    /// <summary>True when an earlier run had made it.</summary>
    public bool Cached { get; init; }

    /// <summary>Throughput, or null when nothing was counted.</summary>
    public double? ItemsPerSecond { get; init; }

    /// <summary>What was counted, in the plural: <c>images</c>, <c>steps</c>.</summary>
    public string? Unit { get; init; }

    /// <summary>The point of a scaling sweep; null for the experiment itself.</summary>
    public SweepPoint? Sweep { get; init; }
}
