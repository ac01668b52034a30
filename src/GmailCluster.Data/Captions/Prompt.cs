namespace GmailCluster.Data.Captions;

/// <summary>A caption to generate images for.</summary>
/// <param name="Id">Ties a generated image to its real picture.</param>
/// <param name="Caption">The caption.</param>
/// <param name="LongCaption">The long caption, where there is one.</param>
public sealed record Prompt(string Id, string Caption, string? LongCaption = null)
{
    /// <summary>The split that the list names, if it does.</summary>
    public string? Split { get; init; }

    /// <summary>What else is known of it, by column or member name in ordinal order: text as it is, other values as JSON.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);
}
