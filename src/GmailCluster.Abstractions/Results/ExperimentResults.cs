namespace GmailCluster.Results;

/// <summary>Everything an experiment found out: what results.json holds and the report shows.</summary>
public sealed record ExperimentResults
{
    /// <summary>The layout of results.json; raised when a reader of the older one would go wrong.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The layout this was written in.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>The experiment's name.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence about it, or null.</summary>
    public string? Description { get; init; }

    /// <summary>The spec as YAML: run it again to reproduce all of this.</summary>
    public required string SpecYaml { get; init; }

    /// <summary>Virtual ranks of each training run.</summary>
    public required int WorldSize { get; init; }

    /// <summary>The seeds trained with.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [];

    /// <summary>Every figure.</summary>
    public IReadOnlyList<MetricValue> Metrics { get; init; } = [];

    /// <summary>The modality gap, before and after alignment.</summary>
    public IReadOnlyList<GapMeasurement> Gap { get; init; } = [];

    /// <summary>What was generated, trained and cached, with hashes.</summary>
    public IReadOnlyList<ArtifactRecord> Artifacts { get; init; } = [];

    /// <summary>How long each stage took, in the order they ran.</summary>
    public IReadOnlyList<StageTiming> Stages { get; init; } = [];

    /// <summary>Losses over steps.</summary>
    public IReadOnlyList<TrainingCurve> Curves { get; init; } = [];

    /// <summary>Embeddings in the plane, before and after alignment on the same axes; null when nothing was aligned.</summary>
    public EmbeddingMap? Map { get; init; }

    /// <summary>Real and generated pictures of the same captions, with what each arm says about the real one.</summary>
    public IReadOnlyList<PicturePair> Pairs { get; init; } = [];

    /// <summary>Where it ran.</summary>
    public required HostRecord Host { get; init; }
}
