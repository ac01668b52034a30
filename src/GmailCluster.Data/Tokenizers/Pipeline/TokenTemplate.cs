namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>The special tokens around a text.</summary>
/// <param name="Before">Ids in front.</param>
/// <param name="After">Ids behind.</param>
internal sealed record TokenTemplate(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    public static TokenTemplate None { get; } = new([], []);

    public int Count => Before.Count + After.Count;
}
