using System.Collections;

namespace GmailCluster.Data.Captions;

/// <summary>The captions that were asked for, in the order of the file, and what reading them found.</summary>
/// <param name="prompts">The prompts.</param>
/// <param name="report">Counts and problems.</param>
public sealed class PromptList(IReadOnlyList<Prompt> prompts, ImportReport report) : IReadOnlyList<Prompt>
{
    /// <summary>Counts and problems.</summary>
    public ImportReport Report { get; } = report;

    /// <inheritdoc/>
    public int Count => prompts.Count;

    /// <inheritdoc/>
    public Prompt this[int index] => prompts[index];

    /// <inheritdoc/>
    public IEnumerator<Prompt> GetEnumerator() => prompts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
