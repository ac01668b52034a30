using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using GmailCluster.Storage;

namespace GmailCluster.Host.Api;

/// <summary>
/// Submissions that are being taken in. Importing may take longer than any proxy lets a request wait, so the work goes on without
/// the request; the same request sent again meets it, or begins it once more if it failed.
/// </summary>
internal sealed class Submissions(ClusterLink link, IObjectStore store, ApiOptions options, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _slots = new(2); // each decodes pictures and holds a shard of them
    private readonly CancellationTokenSource _stop = new();

    /// <summary>The experiment's id; null while its files are being taken in.</summary>
    public async Task<string?> Submit(SubmissionRequest request, CancellationToken cancellationToken)
    {
        request.Check((long)options.MaxInputMib << 20);
        var name = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, ApiJson.Options)));
        var running = _running.GetOrAdd(name, _ => new Lazy<Task<string>>(() => Task.Run(() => TakeIn(request, _stop.Token))));
        try
        {
            var id = await running.Value.WaitAsync(AnswerLimit, time, cancellationToken).ConfigureAwait(false);
            _running.TryRemove(KeyValuePair.Create(name, running));
            return id;
        }
        catch (TimeoutException) when (!running.Value.IsCompleted)
        {
            return null;
        }
        catch when (running.Value.IsCompleted)
        {
            _running.TryRemove(KeyValuePair.Create(name, running));
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (var running in _running.Values)
        {
            await ((Task)running.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _stop.Dispose();
        _slots.Dispose();
    }

    private async Task<string> TakeIn(SubmissionRequest request, CancellationToken cancellationToken)
    {
        var experiments = link.Experiments; // without a cluster nothing need be fetched
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var files = await SubmissionFiles.Fetch(request, store, options, cancellationToken).ConfigureAwait(false);
            return await experiments.Submit(files.Loaded, files.SentModels, _ => { }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }
    }
}
