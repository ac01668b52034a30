using System.Text.Json;
using System.Text.Json.Serialization;
using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Storage;

/// <summary>Whole small objects: bytes and JSON.</summary>
public static class ObjectStoreExtensions
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Reads a whole object.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such object.</exception>
    public static async Task<byte[]> ReadAllBytes(this IObjectStore store, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return (await Read(store, key, cancellationToken).ConfigureAwait(false)).Bytes;
    }

    /// <summary>The object's place for people: a path or URL that other programs understand, too.</summary>
    public static string LocationOf(this IObjectStore store, string key)
    {
        ArgumentNullException.ThrowIfNull(store);
        return $"{store.Location}/{key}";
    }

    /// <summary>Writes a whole object.</summary>
    public static async Task<PutResult> PutBytes(
        this IObjectStore store, string key, ReadOnlyMemory<byte> content, PutCondition condition = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        using var stream = System.Runtime.InteropServices.MemoryMarshal.TryGetArray(content, out var segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);
        return await store.Put(key, stream, condition, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes a value as indented JSON, names in snake_case, lines ending in LF.</summary>
    public static Task<PutResult> PutJson<T>(
        this IObjectStore store, string key, T value, PutCondition condition = default, CancellationToken cancellationToken = default) =>
        store.PutBytes(key, Json(value), condition, cancellationToken);

    /// <summary>The bytes that <see cref="PutJson"/> writes.</summary>
    public static byte[] Json<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    /// <summary>Reads a value that <see cref="PutJson"/> wrote.</summary>
    /// <exception cref="ObjectNotFoundException">There is no such object.</exception>
    /// <exception cref="GmailClusterException">The object is not such a value.</exception>
    public static async Task<T> ReadJson<T>(this IObjectStore store, string key, CancellationToken cancellationToken = default)
    {
        var bytes = await store.ReadAllBytes(key, cancellationToken).ConfigureAwait(false);
        return Parse<T>(store, key, bytes);
    }

    /// <summary>
    /// Reads a value and the ETag of exactly that version, to be written back with <see cref="PutCondition.WhenMatches"/>; null
    /// when there is no such object.
    /// </summary>
    /// <exception cref="GmailClusterException">The object is not such a value.</exception>
    public static async Task<(T Value, string ETag)?> TryReadJson<T>(
        this IObjectStore store, string key, CancellationToken cancellationToken = default) =>
        await store.TryReadBytes(key, cancellationToken).ConfigureAwait(false) is var (bytes, etag) ? (Parse<T>(store, key, bytes), etag) : null;

    /// <summary>Reads a whole object and the ETag of exactly that version; null when there is no such object.</summary>
    public static async Task<(byte[] Bytes, string ETag)?> TryReadBytes(this IObjectStore store, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        while (true)
        {
            try
            {
                var (bytes, etag) = await Read(store, key, cancellationToken).ConfigureAwait(false);
                if (etag is not null)
                {
                    return (bytes, etag);
                }

                // A store whose streams do not say what they are: the version is that of an equal look before and after.
                var before = await store.Stat(key, cancellationToken).ConfigureAwait(false);
                (bytes, _) = await Read(store, key, cancellationToken).ConfigureAwait(false);
                if (await store.Stat(key, cancellationToken).ConfigureAwait(false) is { } after && after.ETag == before?.ETag)
                {
                    return (bytes, after.ETag);
                }
            }
            catch (ObjectNotFoundException)
            {
                return null;
            }
        }
    }

    /// <summary>Fails early, with the reason, when the store cannot be written: writes and removes a small object.</summary>
    /// <exception cref="GmailClusterException">The store refuses writes.</exception>
    public static async Task EnsureWritable(this IObjectStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var key = $"probes/{Guid.NewGuid():n}";
        try
        {
            await store.PutBytes(key, new byte[] { 1 }, PutCondition.WhenAbsent, cancellationToken).ConfigureAwait(false);
            await store.Delete(key, null, cancellationToken).ConfigureAwait(false);
        }
        catch (GmailClusterException e) when (e.Where.EndsWith(key, StringComparison.Ordinal))
        {
            // The probe's own name says nothing to the user.
            throw e is InputException ? new InputException(store.Location, e.Problem, e.Remedy, e) : new GmailClusterException(store.Location, e.Problem, e.Remedy, e);
        }
    }

    private static async Task<(byte[] Bytes, string? ETag)> Read(IObjectStore store, string key, CancellationToken cancellationToken)
    {
        while (true)
        {
            var stream = await store.OpenRead(key, 0, null, cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                try
                {
                    using var memory = new MemoryStream();
                    await stream.CopyToAsync(memory, cancellationToken).ConfigureAwait(false);
                    return (memory.ToArray(), (stream as IVersionedStream)?.ETag);
                }
                catch (ObjectReplacedException)
                {
                    // The connection broke and another version is there by now: read that one.
                }
            }
        }
    }

    private static T Parse<T>(IObjectStore store, string key, byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, Options) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new GmailClusterException(
                $"{store.Location}: {key}", $"is not the JSON expected here: {e.Message.TrimEnd('.')}.",
                "It was altered or written by another version: remove it and run again.", e);
        }
    }
}
