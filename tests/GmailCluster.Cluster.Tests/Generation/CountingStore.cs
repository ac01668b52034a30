using GmailCluster.Storage;

namespace GmailCluster.Cluster.Tests.Generation;

/// <summary>A store that counts writes.</summary>
internal sealed class CountingStore(IObjectStore inner) : IObjectStore
{
    private int _puts;

    public string Location => inner.Location;

    public int Puts => Volatile.Read(ref _puts);

    public Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken) => inner.Stat(key, cancellationToken);

    public Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken) =>
        inner.OpenRead(key, offsetBytes, lengthBytes, cancellationToken);

    public Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _puts);
        return inner.Put(key, content, condition, cancellationToken);
    }

    public IAsyncEnumerable<ObjectInfo> List(string prefix, CancellationToken cancellationToken) => inner.List(prefix, cancellationToken);

    public Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken) => inner.Delete(key, ifMatch, cancellationToken);
}
