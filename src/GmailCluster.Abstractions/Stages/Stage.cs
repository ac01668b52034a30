using System.Text.Json;
using GmailCluster.Keys;
using GmailCluster.Specs;

namespace GmailCluster.Stages;

/// <summary>One node of an experiment's stage graph: what is made, from what, under which key.</summary>
[GenerateSerializer, Immutable, Alias("gmail.stage")]
public sealed record Stage
{
    /// <summary>The key of what the stage makes: equal keys, equal content.</summary>
    [Id(0)] public required ArtifactKey Key { get; init; }

    /// <summary>What sort of work it is.</summary>
    [Id(1)] public required StageKind Kind { get; init; }

    /// <summary>For people: <c>caption gmail seed 0</c>.</summary>
    [Id(2)] public required string Title { get; init; }

    /// <summary>The arm, for stages that belong to one.</summary>
    [Id(3)] public Arm? Arm { get; init; }

    /// <summary>The seed, for stages that depend on one.</summary>
    [Id(4)] public int? Seed { get; init; }

    /// <summary>The place in a scaling sweep; null for the whole data.</summary>
    [Id(5)] public SweepPoint? Point { get; init; }

    /// <summary>Stages that must be done before.</summary>
    [Id(6)] public required IReadOnlyList<ArtifactKey> Needs { get; init; }

    /// <summary>How much work it is, in <see cref="Unit"/>; 0 when not known before.</summary>
    [Id(7)] public long Size { get; init; }

    /// <summary>What the work is counted in: images, steps.</summary>
    [Id(8)] public required string Unit { get; init; }

    /// <summary>The settings record of this kind, as JSON. Holds paths, which are not part of the key.</summary>
    [Id(9)] public required string Settings { get; init; }

    /// <summary>Reads <see cref="Settings"/>.</summary>
    public T SettingsAs<T>() => JsonSerializer.Deserialize<T>(Settings, StageJson.Options)
        ?? throw new InvalidOperationException($"Stage {Title} has no settings.");
}

/// <summary>What sort of work a stage is.</summary>
public enum StageKind
{
    /// <summary>Real pictures and captions into shards.</summary>
    Import,

    /// <summary>The captions to generate for.</summary>
    Prompts,

    /// <summary>Images from captions.</summary>
    Generate,

    /// <summary>Frozen embeddings of pictures or captions.</summary>
    Features,

    /// <summary>Gen-CLIP's adapter.</summary>
    Align,

    /// <summary>A CLIPCap captioner.</summary>
    Caption,

    /// <summary>A dual encoder.</summary>
    Retrieve,

    /// <summary>A long-caption dual encoder.</summary>
    Long,

    /// <summary>A LLaVA captioner.</summary>
    Llava,

    /// <summary>Figures of one trained result.</summary>
    Evaluate,

    /// <summary>The modality gap of one alignment.</summary>
    Gap,
}

/// <summary>A place in a scaling sweep.</summary>
/// <param name="DataFraction">Part of the captions, in (0, 1].</param>
/// <param name="ImagesPerCaption">Images of each caption.</param>
[GenerateSerializer, Immutable, Alias("gmail.sweep-point")]
public sealed record SweepPoint([property: Id(0)] double DataFraction, [property: Id(1)] int ImagesPerCaption);
