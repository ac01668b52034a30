using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Shards;
using GmailCluster.Storage;

namespace GmailCluster.Data.Shards;

/// <summary>
/// Shards and their manifest in an object store. A shard is named by its content, so uploading twice is harmless; it is read only
/// after its hash has been verified.
/// </summary>
/// <param name="store">The store.</param>
public sealed class ShardStore(IObjectStore store)
{
    // From a store across the network a leaf takes tens of milliseconds: a thousand of them one by one would take half a minute.
    private const int LeavesReadAhead = 16;
    private const int NamedShards = 10;

    /// <summary>Writes samples as one shard, sorted by key, and uploads it under its hash.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="number">The shard's number in it.</param>
    /// <param name="samples">The samples; their order does not matter.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The entry to commit to the manifest.</returns>
    public async Task<ShardEntry> Upload(
        ArtifactKey dataset, int number, IReadOnlyCollection<ShardSample> samples, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var file = await SpoolFile.Filled(s => ShardWriter.WriteAll(s, samples, cancellationToken)).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            return await Upload(dataset, number, file, samples.Count, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes in a tar made elsewhere, as it is, after reading it through.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="number">The shard's number in it.</param>
    /// <param name="tar">The tar; stays open.</param>
    /// <param name="location">What to call it in errors.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InputException">The tar is not usable.</exception>
    public async Task<ShardEntry> Import(
        ArtifactKey dataset, int number, Stream tar, string location, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tar);
        var file = await SpoolFile.Filled(s => tar.CopyToAsync(s, cancellationToken)).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            var count = await new ShardReader(file, location).Read(cancellationToken).CountAsync(cancellationToken).ConfigureAwait(false);
            return await Upload(dataset, number, file, count, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a shard whose content has been compared with its hash. Seekable; the caller disposes it.</summary>
    /// <exception cref="ObjectNotFoundException">The shard is not in the store.</exception>
    /// <exception cref="AlteredObjectException">The shard is truncated or altered.</exception>
    public async Task<Stream> Open(ArtifactKey dataset, ShardEntry entry, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var key = ShardPaths.Shard(dataset, entry.Sha256);
        var remote = await store.OpenRead(key, 0, null, cancellationToken).ConfigureAwait(false);
        if (remote is not FileStream file)
        {
            await using (remote.ConfigureAwait(false))
            {
                file = await SpoolFile.Filled(s => remote.CopyToAsync(s, cancellationToken)).ConfigureAwait(false);
            }
        }

        try
        {
            if (file.Length != entry.LengthBytes)
            {
                throw new AlteredObjectException(store.Location, key, $"has {file.Length} bytes where the manifest says {entry.LengthBytes}.");
            }

            if (await SpoolFile.Hash(file, cancellationToken).ConfigureAwait(false) is var seen && seen != entry.Sha256)
            {
                throw new AlteredObjectException(store.Location, key, $"has the SHA-256 {seen}, not that of its name.");
            }

            return file;
        }
        catch
        {
            await file.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Reads the samples of a verified shard.</summary>
    /// <exception cref="AlteredObjectException">The shard is truncated or altered.</exception>
    public async IAsyncEnumerable<ShardSample> Read(
        ArtifactKey dataset, ShardEntry entry, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var stream = await Open(dataset, entry, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var reader = new ShardReader(stream, $"{store.Location}: {ShardPaths.Shard(dataset, entry.Sha256)}");
            await foreach (var sample in reader.Read(cancellationToken).ConfigureAwait(false))
            {
                yield return sample;
            }
        }
    }

    /// <summary>Commits a shard to its leaf by compare-and-swap. A second call with the same entry changes nothing.</summary>
    public async Task<AppendResult> Append(ArtifactKey dataset, ShardEntry entry, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var known = await LeafVersion(dataset, ShardLeaf.Of(entry.Number), cancellationToken).ConfigureAwait(false);
        return (await Append(dataset, known, [entry], cancellationToken).ConfigureAwait(false)).Results[0];
    }

    /// <summary>
    /// Commits shards to their leaf with one compare-and-swap. When the leaf is not as it was known, it is read again and the
    /// entries are added to what is there.
    /// </summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="known">The leaf as it was last seen.</param>
    /// <param name="entries">Shards of that leaf.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The leaf as it is now, and what became of each entry.</returns>
    public async Task<(VersionedLeaf Leaf, IReadOnlyList<AppendResult> Results)> Append(
        ArtifactKey dataset, VersionedLeaf known, IReadOnlyList<ShardEntry> entries, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(entries);
        var key = ShardPaths.Leaf(dataset, known.Leaf.Number);
        while (true)
        {
            var (next, results) = known.Leaf.Append(entries);
            if (!results.Contains(AppendResult.Appended))
            {
                return (known, results);
            }

            var condition = known.ETag is { } seen ? PutCondition.WhenMatches(seen) : PutCondition.WhenAbsent;
            var put = await store.PutJson(key, next, condition, cancellationToken).ConfigureAwait(false);
            if (put.Written)
            {
                return (new VersionedLeaf(next, put.ETag), results);
            }

            known = await LeafVersion(dataset, known.Leaf.Number, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One leaf and its version in the store; empty when nothing was committed to it.</summary>
    public async Task<VersionedLeaf> LeafVersion(ArtifactKey dataset, int number, CancellationToken cancellationToken = default) =>
        await store.TryReadJson<ShardLeaf>(ShardPaths.Leaf(dataset, number), cancellationToken).ConfigureAwait(false) is { } found
            ? new VersionedLeaf(found.Value, found.ETag)
            : new VersionedLeaf(ShardLeaf.Empty(number), null);

    /// <summary>One leaf; empty when nothing was committed to it.</summary>
    public async Task<ShardLeaf> Leaf(ArtifactKey dataset, int number, CancellationToken cancellationToken = default) =>
        (await LeafVersion(dataset, number, cancellationToken).ConfigureAwait(false)).Leaf;

    /// <summary>The leaves of a data set of so many shards, in order, as far as they are committed.</summary>
    public async IAsyncEnumerable<ShardLeaf> Leaves(ArtifactKey dataset, int shardCount, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shardCount);
        var reading = new Queue<Task<ShardLeaf>>();
        for (var number = 0; number <= ShardLeaf.Of(shardCount - 1); number++)
        {
            reading.Enqueue(Leaf(dataset, number, cancellationToken));
            if (reading.Count == LeavesReadAhead)
            {
                yield return await reading.Dequeue().ConfigureAwait(false);
            }
        }

        foreach (var leaf in reading)
        {
            yield return await leaf.ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Finishes a data set: checks that shards 0 to <paramref name="shardCount"/> - 1 are all committed and writes the root over
    /// their leaves. A second call writes the same bytes.
    /// </summary>
    /// <exception cref="GmailClusterException">A shard is missing.</exception>
    public async Task<ShardManifest> Seal(
        ArtifactKey dataset, int shardCount, IEnumerable<KeyValuePair<string, string>>? notes = null, CancellationToken cancellationToken = default)
    {
        var leaves = new List<ShardLeafSummary>();
        var missing = new List<int>();
        await foreach (var leaf in Leaves(dataset, shardCount, cancellationToken).ConfigureAwait(false))
        {
            leaves.Add(leaf.Summarise());
            var first = leaf.Number * ShardLeaf.Capacity;
            missing.AddRange(Enumerable.Range(first, Math.Min(ShardLeaf.Capacity, shardCount - first)).Except(leaf.Shards.Select(shard => shard.Number)));
        }

        var manifest = ShardManifest.Over(dataset.Value, leaves, notes ?? ImmutableSortedDictionary<string, string>.Empty);
        if (missing.Count > 0 || manifest.ShardCount != shardCount)
        {
            throw new GmailClusterException(
                $"{store.Location}: {ShardPaths.Folder(dataset)}",
                missing.Count > 0
                    ? $"lacks the shards {string.Join(", ", missing.Take(NamedShards))}{(missing.Count > NamedShards ? ", …" : "")} of {shardCount}."
                    : $"holds {manifest.ShardCount} shards where {shardCount} were planned.",
                "Run the spec again: missing shards are made, finished ones are kept.");
        }

        await store.PutJson(ShardPaths.Root(dataset), manifest, PutCondition.Always, cancellationToken).ConfigureAwait(false);
        return manifest;
    }

    /// <summary>The root of a finished data set, or null when it is not finished.</summary>
    public async Task<ShardManifest?> Manifest(ArtifactKey dataset, CancellationToken cancellationToken = default) =>
        (await store.TryReadJson<ShardManifest>(ShardPaths.Root(dataset), cancellationToken).ConfigureAwait(false))?.Value;

    /// <summary>All shards of a finished data set, in order.</summary>
    public async IAsyncEnumerable<ShardEntry> Entries(
        ArtifactKey dataset, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (await Manifest(dataset, cancellationToken).ConfigureAwait(false) is not { } manifest)
        {
            throw new ObjectNotFoundException(store.Location, ShardPaths.Root(dataset));
        }

        foreach (var summary in manifest.Leaves)
        {
            var leaf = await Leaf(dataset, summary.Number, cancellationToken).ConfigureAwait(false);
            if (leaf.Summarise() != summary)
            {
                throw new AlteredObjectException(
                    store.Location, ShardPaths.Leaf(dataset, summary.Number), $"holds {leaf.Shards.Length} shards that do not add up to what the root says.");
            }

            foreach (var entry in leaf.Shards)
            {
                yield return entry;
            }
        }
    }

    private async Task<ShardEntry> Upload(ArtifactKey dataset, int number, FileStream tar, int sampleCount, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        var entry = new ShardEntry(number, await SpoolFile.Hash(tar, cancellationToken).ConfigureAwait(false), tar.Length, sampleCount);
        var key = ShardPaths.Shard(dataset, entry.Sha256);
        var put = await store.Put(key, tar, PutCondition.WhenAbsent, cancellationToken).ConfigureAwait(false);
        if (put.Written)
        {
            return entry;
        }

        // Somebody wrote these bytes before, or a disk has since damaged them: then ours, which fit the name, replace them.
        try
        {
            await (await Open(dataset, entry, cancellationToken).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (AlteredObjectException)
        {
            tar.Position = 0;
            await store.Put(key, tar, PutCondition.Always, cancellationToken).ConfigureAwait(false);
        }

        return entry;
    }
}
