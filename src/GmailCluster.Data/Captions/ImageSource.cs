namespace GmailCluster.Data.Captions;

/// <summary>An encoded picture that is read when it is asked for.</summary>
/// <param name="where">Where it is, for people: a path, a member of a tar, a row of a table.</param>
/// <param name="extension">Its kind, as a lower-case file extension without a dot.</param>
/// <param name="read">Reads it.</param>
/// <param name="file">The picture's own file; null when it lies within another.</param>
public sealed class ImageSource(string where, string extension, Func<CancellationToken, Task<byte[]>> read, string? file = null)
{
    /// <summary>Where it is, for people.</summary>
    public string Where { get; } = where;

    /// <summary>Its kind, as a lower-case file extension without a dot.</summary>
    public string Extension { get; } = extension;

    /// <summary>The picture's own file; null when it lies within another, such as a tar.</summary>
    public string? File { get; } = file;

    /// <summary>Reads the encoded picture.</summary>
    public Task<byte[]> Read(CancellationToken cancellationToken) => read(cancellationToken);
}
