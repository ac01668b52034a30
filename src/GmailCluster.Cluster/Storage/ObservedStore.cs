using System.Diagnostics;
using System.Runtime.CompilerServices;
using GmailCluster.Storage;
using GmailCluster.Telemetry;

namespace GmailCluster.Cluster.Storage;

/// <summary>
/// A store whose calls are spans and measurements while somebody listens; else it hands calls on. Streams are the store's own, so
/// that whoever knows a file as one still does.
/// </summary>
internal sealed class ObservedStore(IObjectStore inner, TimeProvider time) : IObjectStore
{
    public string Location => inner.Location;

    // A call outside of any trace is counted, and no span.
    private static bool IsSilent => Activity.Current is null && !Metrics.StoreDuration.Enabled;

    public Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken) =>
        IsSilent ? inner.Stat(key, cancellationToken) : Observe("stat", key, _ => inner.Stat(key, cancellationToken));

    public Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken) => IsSilent
        ? inner.OpenRead(key, offsetBytes, lengthBytes, cancellationToken)
        : Observe("read", key, async count =>
        {
            var stream = await inner.OpenRead(key, offsetBytes, lengthBytes, cancellationToken);
            if (stream.CanSeek)
            {
                count(stream.Length - stream.Position);
            }

            return stream;
        });

    public Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken) => IsSilent
        ? inner.Put(key, content, condition, cancellationToken)
        : Observe("put", key, async count =>
        {
            var length = content.CanSeek ? content.Length - content.Position : 0;
            var result = await inner.Put(key, content, condition, cancellationToken);
            count(result.Written ? length : 0);
            return result;
        });

    public async IAsyncEnumerable<ObjectInfo> List(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (IsSilent)
        {
            await foreach (var item in inner.List(prefix, cancellationToken))
            {
                yield return item;
            }

            yield break;
        }

        // Whole, before the first is handed on: the time in between would be the reader's.
        foreach (var item in await Observe("list", prefix, async _ => await inner.List(prefix, cancellationToken).ToListAsync(cancellationToken)))
        {
            yield return item;
        }
    }

    public Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken) =>
        IsSilent ? inner.Delete(key, ifMatch, cancellationToken) : Observe("delete", key, _ => inner.Delete(key, ifMatch, cancellationToken));

    private async Task<T> Observe<T>(string operation, string key, Func<Action<long>, Task<T>> call)
    {
        using var span = Activity.Current is null ? null : Spans.Store.Start(operation)?.With(Attributes.ObjectKey, key);
        var name = new KeyValuePair<string, object?>(Attributes.StoreOperation, operation);
        var start = time.GetTimestamp();
        try
        {
            var result = await call(Count);
            Metrics.StoreDuration.Record(time.GetElapsedTime(start).TotalSeconds, name);
            return result;
        }
        catch (Exception e)
        {
            span.Fail(e);
            Metrics.StoreDuration.Record(time.GetElapsedTime(start).TotalSeconds, name, new(Attributes.ErrorType, e.GetType().FullName));
            throw;
        }

        void Count(long bytes)
        {
            span?.With(Attributes.LengthBytes, bytes);
            Metrics.StoreBytes.Add(bytes, name);
        }
    }
}
