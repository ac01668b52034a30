using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Host.Tests.Experiments;

/// <summary>A store whose disk is full as soon as certain objects are written.</summary>
/// <param name="below">Holds what was written before.</param>
/// <param name="isRefused">Which keys find no room.</param>
internal sealed class FullDiskStore(IObjectStore below, Func<string, bool> isRefused) : IObjectStore
{
    public const string Problem = "could not be written: the disk or quota is full.";

    private int _refusals;

    public int Refusals => _refusals;

    public string Location => below.Location;

    public Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken) => below.Stat(key, cancellationToken);

    public Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken) =>
        below.OpenRead(key, offsetBytes, lengthBytes, cancellationToken);

    public Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken)
    {
        if (isRefused(key))
        {
            Interlocked.Increment(ref _refusals);
            throw new GmailClusterException($"{Location}: {key}", Problem, "Free space, and run again.");
        }

        return below.Put(key, content, condition, cancellationToken);
    }

    public IAsyncEnumerable<ObjectInfo> List(string prefix, CancellationToken cancellationToken) => below.List(prefix, cancellationToken);

    public Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken) => below.Delete(key, ifMatch, cancellationToken);
}
