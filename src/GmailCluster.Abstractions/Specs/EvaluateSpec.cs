using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Specs;

/// <summary>How results are measured, on held-out real pictures through plain CLIP.</summary>
public sealed record EvaluateSpec
{
    /// <summary>Cut-offs of recall. Default [1, 5, 10].</summary>
    public IReadOnlyList<int> RecallAt { get; init; } = [1, 5, 10];

    /// <summary>Zero-shot classification. Omit for none.</summary>
    public ZeroShotSpec? ZeroShot { get; init; }

    /// <summary>Real and generated pairs shown in the report. Default 12.</summary>
    [Range(0, 200)]
    public int SheetPairs { get; init; } = 12;
}

/// <summary>Zero-shot classification by name, with prompt templates averaged (CLIP, section 3.1.4).</summary>
public sealed record ZeroShotSpec
{
    /// <summary>Name of the test set.</summary>
    [Required, MinLength(1)]
    public required string Test { get; init; }

    /// <summary>The field that names a picture's class. Default: its caption.</summary>
    [MinLength(1)]
    public string ClassField { get; init; } = "caption";

    /// <summary>Only pictures whose fields have these values, such as <c>tone: 0</c>. Default: all.</summary>
    public IReadOnlyDictionary<string, string> Where { get; init; } = new Dictionary<string, string>();

    /// <summary>Templates with <c>{}</c> for the name; their embeddings are averaged. Default [<c>{}</c>].</summary>
    [MinLength(1)]
    public IReadOnlyList<string> Templates { get; init; } = ["{}"];
}

/// <summary>A scaling sweep: every point trains the swept arms on a part of the generated data.</summary>
public sealed record SweepSpec
{
    /// <summary>Fractions of the captions. Default [1].</summary>
    [MinLength(1)]
    public IReadOnlyList<double> DataFraction { get; init; } = [1];

    /// <summary>Images per caption, none above <c>generate.images_per_caption</c>. Default: that number.</summary>
    public IReadOnlyList<int>? ImagesPerCaption { get; init; }

    /// <summary>Arms to sweep. Default [naive, gmail].</summary>
    [MinLength(1)]
    public IReadOnlyList<Arm> Arms { get; init; } = [Arm.Naive, Arm.Gmail];
}

/// <summary>How training state is saved.</summary>
public sealed record CheckpointSpec
{
    /// <summary>Steps between checkpoints of a run. Default 50.</summary>
    [Range(1, 1_000_000)]
    public int EverySteps { get; init; } = 50;

    /// <summary>Committed checkpoints kept of a run; older ones are removed once the next is committed. Default 2.</summary>
    [Range(1, 1000)]
    public int Keep { get; init; } = 2;
}
