using System.Collections.Concurrent;

namespace GmailCluster.Data.Storage;

/// <summary>
/// How a writer knows its own write after an answer was lost. Every write puts an id of its own into the blob's metadata, in front of those
/// of the versions that it was conditional on. A retry that is refused (409, 412) because the first try had arrived finds its id there, even
/// when others have since written on top.
/// </summary>
internal sealed class WriteMarks
{
    public const string MetadataName = "gmailcluster_writes";

    // More writers than this would have to get in between a lost answer and its retry.
    private const int RememberedWrites = 16;
    private const int KnownVersions = 1024;

    private readonly ConcurrentDictionary<(string Key, string ETag), string> _known = new();
    private readonly ConcurrentQueue<(string Key, string ETag)> _order = new();

    public static string NewId() => Guid.NewGuid().ToString("n");

    /// <summary>The metadata of a write on top of a version with these marks.</summary>
    public static Dictionary<string, string> Metadata(string id, string before) => new(StringComparer.Ordinal)
    {
        [MetadataName] = string.Join(',', before.Split(',', StringSplitOptions.RemoveEmptyEntries).Take(RememberedWrites - 1).Prepend(id)),
    };

    public static string Of(IDictionary<string, string>? metadata) =>
        metadata is not null && metadata.TryGetValue(MetadataName, out var marks) ? marks : "";

    /// <summary>The marks of a version seen before; null when it was not, or long ago.</summary>
    public string? Find(string key, string etag) => _known.GetValueOrDefault((key, etag));

    public void Remember(string key, string etag, string marks)
    {
        if (_known.TryAdd((key, etag), marks))
        {
            _order.Enqueue((key, etag));
        }

        while (_known.Count > KnownVersions && _order.TryDequeue(out var oldest))
        {
            _known.TryRemove(oldest, out _);
        }
    }
}
