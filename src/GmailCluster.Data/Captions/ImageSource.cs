namespace GmailCluster.Data.Captions;

/// <summary>An encoded picture that is read when it is asked for.</summary>
/// <param name="where">Where it is, for people: a path, a member of a tar, a row of a table.</param>
/// <param name="extension">Its kind, as a lower-case file extension without a dot.</param>
/// <param name="read">Reads it.</param>
public sealed class ImageSource(string where, string extension, Func<CancellationToken, Task<byte[]>> read)
{
    /// <summary>Where it is, for people.</summary>
    public string Where { get; } = where;

    /// <summary>Its kind, as a lower-case file extension without a dot.</summary>
    public string Extension { get; } = extension;

    /// <summary>Reads the encoded picture.</summary>
    public Task<byte[]> Read(CancellationToken cancellationToken) => read(cancellationToken);
}
