using GmailCluster.Storage;

namespace GmailCluster.Cluster.Tests.Checkpoints;

/// <summary>A store in which one read waits.</summary>
internal sealed class PausedStore(IObjectStore inner, string pausedAt) : IObjectStore
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _continue = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Location => inner.Location;

    public Task Reached => _reached.Task;

    public void Continue() => _continue.TrySetResult();

    public Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken) => inner.Stat(key, cancellationToken);

    public async Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken)
    {
        if (key.EndsWith(pausedAt, StringComparison.Ordinal))
        {
            _reached.TrySetResult();
            await _continue.Task.WaitAsync(cancellationToken);
        }

        return await inner.OpenRead(key, offsetBytes, lengthBytes, cancellationToken);
    }

    public Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken) =>
        inner.Put(key, content, condition, cancellationToken);

    public IAsyncEnumerable<ObjectInfo> List(string prefix, CancellationToken cancellationToken) => inner.List(prefix, cancellationToken);

    public Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken) => inner.Delete(key, ifMatch, cancellationToken);
}
