using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Specs;

/// <summary>One experiment: what to generate, align, train and evaluate. The YAML file's root.</summary>
public sealed record ExperimentSpec
{
    /// <summary>A short name, used for folders and titles: letters, digits, '-', '_' and '.'.</summary>
    [Required, RegularExpression("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", ErrorMessage = "Begin with a letter or digit, go on with letters, digits, '-', '_' or '.', 64 at most.")]
    public required string Name { get; init; }

    /// <summary>One sentence for the report's head. Default: none.</summary>
    public string? Description { get; init; }

    /// <summary>Seeds to train with; every trained figure is reported as mean and spread over them. Default [0].</summary>
    [MinLength(1)]
    public IReadOnlyList<int> Seeds { get; init; } = [0];

    /// <summary>How many virtual ranks R each training run has. Part of the result, like a seed. Default 4.</summary>
    [Range(1, 4096)]
    public int WorldSize { get; init; } = 4;

    /// <summary>
    /// In which numbers gradients travel between silos: <c>float32</c>, or <c>bfloat16</c> for half the traffic at less precision. Part of
    /// the result, like a seed, and the same on one silo as on many. Default float32.
    /// </summary>
    public WireType WireType { get; init; } = WireType.Float32;

    /// <summary>The model folders the experiment starts from.</summary>
    [Required]
    public required ModelsSpec Models { get; init; }

    /// <summary>Pictures, captions and prompts.</summary>
    [Required]
    public required DataSpec Data { get; init; }

    /// <summary>Which arms to compare. Default all five.</summary>
    [MinLength(1)]
    public IReadOnlyList<Arm> Arms { get; init; } = [Arm.Real, Arm.Naive, Arm.Mixed, Arm.Gmail, Arm.GmailReal];

    /// <summary>How images are generated. Needed by every arm but real.</summary>
    public GenerateSpec? Generate { get; init; }

    /// <summary>How Gen-CLIP is aligned. Needed by the arms gmail and gmail+real.</summary>
    public AlignSpec? Align { get; init; }

    /// <summary>CLIPCap captioner. Omit to leave the task out.</summary>
    public CaptionSpec? Caption { get; init; }

    /// <summary>Dual encoder for retrieval and zero-shot classification. Omit to leave the task out.</summary>
    public RetrieveSpec? Retrieve { get; init; }

    /// <summary>Long-caption dual encoder (Long-CLIP). Omit to leave the task out.</summary>
    public LongSpec? Long { get; init; }

    /// <summary>LLaVA captioner. Omit to leave the task out.</summary>
    public LlavaSpec? Llava { get; init; }

    /// <summary>How results are measured.</summary>
    public EvaluateSpec Evaluate { get; init; } = new();

    /// <summary>Scaling sweep over the amount of generated data. Omit for none.</summary>
    public SweepSpec? Sweep { get; init; }

    /// <summary>How training state is saved.</summary>
    public CheckpointSpec Checkpoint { get; init; } = new();
}
