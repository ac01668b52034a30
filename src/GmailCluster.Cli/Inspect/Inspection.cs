namespace GmailCluster.Cli.Inspect;

/// <summary>What a file or folder contains, for people.</summary>
/// <param name="Title">What it is: "safetensors file", "CLIP model in Hugging Face's layout".</param>
internal sealed record Inspection(string Title)
{
    /// <summary>Named facts, in the order shown.</summary>
    public List<(string Name, string Value)> Facts { get; } = [];

    /// <summary>Parts with an inspection of their own, such as a pipeline's folders.</summary>
    public List<(string Name, Inspection Part)> Parts { get; } = [];

    /// <summary>Head of the table; empty for none.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Rows of the table, all of them.</summary>
    public IReadOnlyList<string[]> Rows { get; init; } = [];

    /// <summary>Adds a fact.</summary>
    public Inspection With(string name, string value)
    {
        Facts.Add((name, value));
        return this;
    }
}
