using System.ComponentModel.DataAnnotations;

namespace GmailCluster.Specs;

/// <summary>Where pictures and captions come from. Paths are relative to the spec file.</summary>
public sealed record DataSpec
{
    /// <summary>Real pictures with captions to train on.</summary>
    [Required]
    public required DatasetSpec Train { get; init; }

    /// <summary>Real pictures to tune settings on; never trained on, never reported as test. Default: none.</summary>
    public DatasetSpec? Validation { get; init; }

    /// <summary>Held-out real pictures that results are measured on, by name.</summary>
    [MinLength(1)]
    public IReadOnlyList<TestSetSpec> Tests { get; init; } = [];

    /// <summary>Captions to generate images for. Default: the captions of <c>train</c>.</summary>
    public PromptsSpec? Prompts { get; init; }
}

/// <summary>One set of pictures with captions.</summary>
public record DatasetSpec
{
    /// <summary>A WebDataset tar (or a folder of them), a folder of pictures with text files, COCO or Karpathy JSON, CSV, TSV, JSONL or Parquet.</summary>
    [Required, MinLength(1)]
    public required string Path { get; init; }

    /// <summary>The layout; default: recognised from the path and the content.</summary>
    public DatasetFormat? Format { get; init; }

    /// <summary>Folder that picture file names are relative to, for table formats. Default: the table's own folder.</summary>
    [MinLength(1)]
    public string? Images { get; init; }

    /// <summary>Column or JSON member with the caption. Default <c>caption</c>.</summary>
    [MinLength(1)]
    public string CaptionField { get; init; } = "caption";

    /// <summary>Column or JSON member with the long caption. Default <c>long_caption</c>.</summary>
    [MinLength(1)]
    public string LongCaptionField { get; init; } = "long_caption";

    /// <summary>Column or JSON member with the picture's file name, for table formats. Default <c>image</c>.</summary>
    [MinLength(1)]
    public string ImageField { get; init; } = "image";

    /// <summary>Only rows of this split, for layouts that name one. Default: all rows.</summary>
    public string? Split { get; init; }
}

/// <summary>A held-out set and the name that results carry.</summary>
public sealed record TestSetSpec : DatasetSpec
{
    /// <summary>Short name, such as <c>novel</c>.</summary>
    [Required, RegularExpression("^[a-z0-9][a-z0-9_-]{0,31}$", ErrorMessage = "Use a short name such as novel: lower-case letters, digits, '-' and '_', 32 at most.")]
    public required string Name { get; init; }
}

/// <summary>A list of captions to generate images for: JSONL, CSV, TSV or Parquet with an id and a caption.</summary>
public sealed record PromptsSpec
{
    /// <summary>The file, relative to the spec.</summary>
    [Required, MinLength(1)]
    public required string Path { get; init; }

    /// <summary>Column or JSON member with the caption's id; ids tie a generated image to its real picture. Default <c>id</c>.</summary>
    [MinLength(1)]
    public string IdField { get; init; } = "id";

    /// <summary>Column or JSON member with the caption. Default <c>caption</c>.</summary>
    [MinLength(1)]
    public string CaptionField { get; init; } = "caption";

    /// <summary>Column or JSON member with the long caption. Default <c>long_caption</c>.</summary>
    [MinLength(1)]
    public string LongCaptionField { get; init; } = "long_caption";

    /// <summary>Column or JSON member that says the split. Default <c>split</c>.</summary>
    [MinLength(1)]
    public string SplitField { get; init; } = "split";

    /// <summary>Which splits to generate for. Default: all rows.</summary>
    public IReadOnlyList<string>? Splits { get; init; }

    /// <summary>At most this many captions, chosen evenly by a hash of their ids. Default: all.</summary>
    [Range(1, int.MaxValue)]
    public int? Limit { get; init; }
}

/// <summary>Layouts that pictures with captions come in.</summary>
public enum DatasetFormat
{
    /// <summary>WebDataset tar or a folder of them: <c>key.png</c>, <c>key.txt</c>, <c>key.json</c>.</summary>
    Webdataset,

    /// <summary>A folder of pictures with a <c>.txt</c> file beside each.</summary>
    Folder,

    /// <summary>COCO captions JSON (<c>images</c>, <c>annotations</c>).</summary>
    Coco,

    /// <summary>Karpathy's JSON for COCO and Flickr30k.</summary>
    Karpathy,

    /// <summary>Conceptual Captions TSV: caption, URL.</summary>
    Cc3m,

    /// <summary>LLaVA conversation JSON.</summary>
    Llava,

    /// <summary>Comma-separated values with a header.</summary>
    Csv,

    /// <summary>Tab-separated values with a header.</summary>
    Tsv,

    /// <summary>One JSON object a line.</summary>
    Jsonl,

    /// <summary>Apache Parquet.</summary>
    Parquet,
}
