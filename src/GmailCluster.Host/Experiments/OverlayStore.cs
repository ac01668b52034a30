using System.Runtime.CompilerServices;
using GmailCluster.Storage;

namespace GmailCluster.Host.Experiments;

/// <summary>
/// One store laid over another: reads fall through to the base, except under hidden prefixes; writes stay in the upper one. So
/// work can be done again beside a store without touching it.
/// </summary>
/// <param name="upper">Takes the writes.</param>
/// <param name="below">Only read.</param>
/// <param name="isHidden">Which keys of the base are not to be seen.</param>
public sealed class OverlayStore(IObjectStore upper, IObjectStore below, Func<string, bool> isHidden) : IObjectStore
{
    /// <inheritdoc/>
    public string Location => $"{upper.Location} over {below.Location}";

    /// <inheritdoc/>
    public async Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken) =>
        await upper.Stat(key, cancellationToken).ConfigureAwait(false)
        ?? (isHidden(key) ? null : await below.Stat(key, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public async Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken)
    {
        var source = isHidden(key) || await upper.Stat(key, cancellationToken).ConfigureAwait(false) is not null ? upper : below;
        return await source.OpenRead(key, offsetBytes, lengthBytes, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">A conditional write over an object that only the base has.</exception>
    public async Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken)
    {
        if (condition != PutCondition.Always && !isHidden(key) && await upper.Stat(key, cancellationToken).ConfigureAwait(false) is null
            && await below.Stat(key, cancellationToken).ConfigureAwait(false) is { } present)
        {
            return condition.IfAbsent
                ? new PutResult(false, present.ETag)
                : throw new NotSupportedException($"{key} is below the overlay and cannot be replaced conditionally.");
        }

        return await upper.Put(key, content, condition, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> List(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var objects = new SortedDictionary<string, ObjectInfo>(StringComparer.Ordinal);
        await foreach (var item in below.List(prefix, cancellationToken).ConfigureAwait(false))
        {
            if (!isHidden(item.Key))
            {
                objects[item.Key] = item;
            }
        }

        await foreach (var item in upper.List(prefix, cancellationToken).ConfigureAwait(false))
        {
            objects[item.Key] = item;
        }

        foreach (var item in objects.Values)
        {
            yield return item;
        }
    }

    /// <inheritdoc/>
    public Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken) => upper.Delete(key, ifMatch, cancellationToken);
}
