using System.Runtime.CompilerServices;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Tests.Training.Simulation;

/// <summary>An object store in memory.</summary>
internal sealed class MemoryStore : IObjectStore
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, (byte[] Content, string ETag)> _objects = new(StringComparer.Ordinal);
    private long _version;

    public string Location => "memory";

    public Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_objects.TryGetValue(key, out var found) ? new ObjectInfo(key, found.Content.Length, found.ETag, default) : null);
        }
    }

    public Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var content = _objects.TryGetValue(key, out var found) ? found.Content : throw new ObjectNotFoundException(Location, key);
            return Task.FromResult<Stream>(new MemoryStream(content, (int)offsetBytes, (int)(lengthBytes ?? (content.Length - offsetBytes)), writable: false));
        }
    }

    public async Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        await content.CopyToAsync(buffer, cancellationToken);
        lock (_lock)
        {
            var present = _objects.TryGetValue(key, out var found) ? found.ETag : null;
            if ((condition.IfAbsent && present is not null) || (condition.IfMatch is { } match && match != present))
            {
                return new PutResult(false, present);
            }

            var etag = $"v{++_version}";
            _objects[key] = (buffer.ToArray(), etag);
            return new PutResult(true, etag);
        }
    }

    public async IAsyncEnumerable<ObjectInfo> List(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectInfo[] found;
        lock (_lock)
        {
            found = [.. _objects.Where(item => item.Key.StartsWith(prefix, StringComparison.Ordinal))
                .Select(item => new ObjectInfo(item.Key, item.Value.Content.Length, item.Value.ETag, default))];
        }

        await Task.CompletedTask;
        foreach (var item in found)
        {
            yield return item;
        }
    }

    public Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult((ifMatch is null || (_objects.TryGetValue(key, out var found) && found.ETag == ifMatch)) && _objects.Remove(key));
        }
    }
}
