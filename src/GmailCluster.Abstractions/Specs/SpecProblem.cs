namespace GmailCluster.Specs;

/// <summary>One thing wrong with a spec, at the line where the user wrote it.</summary>
/// <param name="File">The spec file, as the user named it.</param>
/// <param name="Line">Line of the key, from 1; 0 when the whole file is meant.</param>
/// <param name="Key">Dotted key such as <c>align.lora.rank</c>; empty when the whole file is meant.</param>
/// <param name="Problem">What is wrong, continuing the key: "is 0, outside 1..4096."</param>
/// <param name="Remedy">What to write instead, as a sentence.</param>
public sealed record SpecProblem(string File, int Line, string Key, string Problem, string Remedy)
{
    /// <summary>File and line: "coco.yaml:14".</summary>
    public string Where => Line > 0 ? $"{File}:{Line}" : File;

    /// <summary>Key, problem and remedy in one line.</summary>
    public override string ToString() =>
        string.Join(' ', new[] { $"{Where}:", Key, Problem, Remedy }.Where(part => part.Length > 0));
}
