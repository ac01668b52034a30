using GmailCluster.Keys;

namespace GmailCluster.Stages;

/// <summary>
/// What a finished stage leaves at <c>stages/&lt;key&gt;.json</c>, written last: a stage is done when its record exists.
/// </summary>
[GenerateSerializer, Immutable, Alias("gmail.stage-record")]
public sealed record StageRecord
{
    /// <summary>The stage's key.</summary>
    [Id(0)] public required ArtifactKey Key { get; init; }

    /// <summary>What sort of work it was.</summary>
    [Id(1)] public required StageKind Kind { get; init; }

    /// <summary>For people.</summary>
    [Id(2)] public required string Title { get; init; }

    /// <summary>Wall-clock time of the work, without waiting, in seconds.</summary>
    [Id(3)] public required double Seconds { get; init; }

    /// <summary>How many items or steps were worked on in that time.</summary>
    [Id(4)] public required long Items { get; init; }

    /// <summary>What <see cref="Items"/> counts.</summary>
    [Id(5)] public required string Unit { get; init; }

    /// <summary>The files made, in the store.</summary>
    [Id(6)] public IReadOnlyList<StageFile> Files { get; init; } = [];

    /// <summary>Figures, by name, for stages that measure.</summary>
    [Id(7)] public IReadOnlyList<StageFigure> Figures { get; init; } = [];

    /// <summary>Anything worth saying once, such as how many records an import refused.</summary>
    [Id(8)] public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Where a stage's record is.</summary>
    public static string ObjectKey(ArtifactKey key) => $"stages/{key}.json";
}

/// <summary>A file in the store.</summary>
[GenerateSerializer, Immutable, Alias("gmail.stage-file")]
public sealed record StageFile([property: Id(0)] string ObjectKey, [property: Id(1)] long LengthBytes, [property: Id(2)] string Sha256);

/// <summary>One measured figure.</summary>
/// <param name="Dataset">The test set, or null when it is over all.</param>
/// <param name="Metric">Such as <c>cider</c> or <c>i2t_r@1</c>.</param>
/// <param name="Value">In the metric's own unit.</param>
[GenerateSerializer, Immutable, Alias("gmail.stage-figure")]
public sealed record StageFigure([property: Id(0)] string? Dataset, [property: Id(1)] string Metric, [property: Id(2)] double Value);
