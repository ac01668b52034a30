namespace GmailCluster.Data.Captions;

/// <summary>One picture with its captions, whatever layout it came in.</summary>
public sealed record Sample
{
    /// <summary>Its id, unique in the data set.</summary>
    public required string Id { get; init; }

    /// <summary>One caption or more, trimmed, none empty.</summary>
    public required IReadOnlyList<string> Captions { get; init; }

    /// <summary>The long caption, where there is one.</summary>
    public string? LongCaption { get; init; }

    /// <summary>The split that the layout names, if it does.</summary>
    public string? Split { get; init; }

    /// <summary>What else is known of it, by column or member name in ordinal order: text as it is, other values as JSON.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    /// <summary>The picture.</summary>
    public required ImageSource Image { get; init; }

    /// <summary>Where the picture is, for people.</summary>
    public string Where => Image.Where;

    /// <summary>The picture's kind, as a lower-case file extension without a dot.</summary>
    public string ImageExtension => Image.Extension;

    /// <summary>Reads the encoded picture.</summary>
    /// <exception cref="Errors.InputException">It cannot be read.</exception>
    public Task<byte[]> ReadImage(CancellationToken cancellationToken = default) => Image.Read(cancellationToken);
}
