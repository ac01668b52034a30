namespace GmailCluster.Storage;

/// <summary>
/// The only durable truth: shards, manifests, checkpoints, grain state and results live behind this interface, in a folder or
/// in blob storage. Keys are '/'-separated segments of [A-Za-z0-9._+-], never "." or "..", at most 512 characters.
/// A write is atomic: readers see the whole object or the one before. All members are safe to call concurrently.
/// </summary>
public interface IObjectStore
{
    /// <summary>Where this is, for people: a path or URL without secrets.</summary>
    string Location { get; }

    /// <summary>Length and ETag of an object, or null when there is none.</summary>
    Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken);

    /// <summary>Opens an object, or a range of it, for reading. The caller disposes the stream.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="offsetBytes">First byte to read.</param>
    /// <param name="lengthBytes">How many bytes; null reads to the end.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ObjectNotFoundException">There is no such object.</exception>
    Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken);

    /// <summary>
    /// Writes an object if the condition holds. A refused condition is an outcome, not an exception. With bounded memory: the
    /// content is streamed.
    /// </summary>
    Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken);

    /// <summary>All objects whose key starts with <paramref name="prefix"/>, in ordinal order of their keys.</summary>
    IAsyncEnumerable<ObjectInfo> List(string prefix, CancellationToken cancellationToken);

    /// <summary>Removes an object, if <paramref name="ifMatch"/> is null or its ETag. False when nothing was removed.</summary>
    Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken);
}

/// <summary>An object as a listing shows it.</summary>
/// <param name="Key">Its full key.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="ETag">Changes whenever the content does.</param>
/// <param name="LastModified">When it was last written, by the store's clock.</param>
public sealed record ObjectInfo(string Key, long LengthBytes, string ETag, DateTimeOffset LastModified);

/// <summary>When a <see cref="IObjectStore.Put"/> may write.</summary>
public readonly record struct PutCondition
{
    private PutCondition(bool ifAbsent, string? ifMatch) => (IfAbsent, IfMatch) = (ifAbsent, ifMatch);

    /// <summary>Write whatever is there (default).</summary>
    public static PutCondition Always => default;

    /// <summary>Write only when there is no such object (If-None-Match: *).</summary>
    public static PutCondition WhenAbsent => new(true, null);

    /// <summary>Write only over exactly this version (If-Match).</summary>
    public static PutCondition WhenMatches(string etag) => new(false, etag);

    /// <summary>True for <see cref="WhenAbsent"/>.</summary>
    public bool IfAbsent { get; }

    /// <summary>The ETag of <see cref="WhenMatches"/>, else null.</summary>
    public string? IfMatch { get; }
}

/// <summary>What a <see cref="IObjectStore.Put"/> did.</summary>
/// <param name="Written">False when the condition did not hold: nothing was changed.</param>
/// <param name="ETag">The ETag of the object after the call; null when it was refused and the present version is not known.</param>
public readonly record struct PutResult(bool Written, string? ETag);
