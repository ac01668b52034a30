using System.Globalization;
using GmailCluster.Data.Shards;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Storage;
using Orleans.Concurrency;

namespace GmailCluster.Cluster.Generation;

/// <inheritdoc cref="IManifestGrain"/>
/// <remarks>
/// The leaf in the store is the state: <c>images/&lt;key&gt;/leaf-00000.json</c>, appended with compare-and-swap, so that another
/// activation, one that should be dead included, can neither lose nor double an entry. While a write is under way, entries
/// gather for the next one: a leaf is written as often as the store can, not once per shard.
/// </remarks>
[Reentrant]
internal sealed class ManifestGrain(IObjectStore store) : Grain, IManifestGrain
{
    private readonly ShardStore _shards = new(store);
    private List<Waiting> _waiting = [];
    private Task _writing = Task.CompletedTask;
    private VersionedLeaf? _known;

    public Task<AppendResult> Append(ShardEntry entry, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(entry, new TaskCompletionSource<AppendResult>(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting.Add(waiting);
        if (_writing.IsCompleted)
        {
            _writing = WriteWaiting();
        }

        return waiting.Result.Task;
    }

    public async Task<IReadOnlyList<ShardEntry>> GetEntries(CancellationToken cancellationToken)
    {
        var (dataset, leaf) = Place();
        return (await _shards.Leaf(dataset, leaf, cancellationToken)).Shards;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _writing;

    private async Task WriteWaiting()
    {
        while (_waiting.Count > 0)
        {
            (var batch, _waiting) = (_waiting, []);
            try
            {
                var (dataset, number) = Place();
                _known ??= await _shards.LeafVersion(dataset, number);
                (_known, var results) = await _shards.Append(dataset, _known, [.. batch.Select(waiting => waiting.Entry)]);
                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].Result.TrySetResult(results[i]);
                }
            }
#pragma warning disable CA1031 // The failure belongs to those who asked for the entries, each of whom is told.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _known = null; // whether it was written is not known: the next batch looks
                batch.ForEach(waiting => waiting.Result.TrySetException(e));
            }
        }

        if (_known?.Leaf.Shards.Length == ShardLeaf.Capacity)
        {
            DeactivateOnIdle(); // nothing more comes to a full leaf, and a million shards have a thousand
        }
    }

    private (ArtifactKey Dataset, int Leaf) Place()
    {
        var parts = this.GetPrimaryKeyString().Split('/');
        return (new ArtifactKey(parts[0]), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    private sealed record Waiting(ShardEntry Entry, TaskCompletionSource<AppendResult> Result);
}
