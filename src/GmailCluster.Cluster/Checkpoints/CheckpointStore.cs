using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Learning.Optim;
using GmailCluster.Stages;
using GmailCluster.Storage;
using GmailCluster.Telemetry;

namespace GmailCluster.Cluster.Checkpoints;

/// <summary>
/// A run's checkpoints: <c>runs/&lt;key&gt;/checkpoints/step-000120/…</c>. A checkpoint exists when its COMMIT exists; COMMIT
/// lists every file with length and SHA-256. A torn or altered one is passed over, by name, for the one before.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="run">The run.</param>
/// <param name="time">The clock, which tells a reader that died from one that reads. Default: the system's.</param>
public sealed class CheckpointStore(IObjectStore store, ArtifactKey run, TimeProvider? time = null)
{
    private const string Commit = "COMMIT";
    private const string Reader = "READER-";
    private const string Step = "step-";

    // A reader renews its mark with every file: none takes longer, and the mark of a process that died is in nobody's way for longer.
    private static readonly TimeSpan ReaderLimit = TimeSpan.FromHours(1);

    private readonly string _root = $"runs/{run}/checkpoints/";
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>What was passed over in the last <see cref="LoadLatest"/>, and why, by name.</summary>
    public IReadOnlyList<string> Skipped { get; private set; } = [];

    /// <summary>Writes a checkpoint, its COMMIT last, then removes all but the newest <paramref name="keep"/>.</summary>
    public Task Save(FlatParameters layout, Checkpoint checkpoint, int keep, CancellationToken cancellationToken) =>
        Save(layout, checkpoint, keep, null, cancellationToken);

    /// <summary>
    /// Writes a checkpoint if its writer has the right to: files of two writers never mix, since each writes to a folder of its
    /// plan's generation number, and COMMIT is written only while that plan runs.
    /// </summary>
    /// <param name="layout">The parameters' names and places.</param>
    /// <param name="checkpoint">What to write.</param>
    /// <param name="keep">How many of the newest stay.</param>
    /// <param name="fence">The writer's plan; null for a store with one writer.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>False when the plan was over before COMMIT: the checkpoint does not exist.</returns>
    public async Task<bool> Save(FlatParameters layout, Checkpoint checkpoint, int keep, CheckpointFence? fence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var step = checkpoint.State.Losses.Count;
        using var span = Spans.Checkpoint.Start("save")?.WithRun(run).WithStep(step).With(Attributes.GenerationNumber, fence?.GenerationNumber);
        var start = _time.GetTimestamp();
        try
        {
            var suffix = fence is null ? "" : string.Create(CultureInfo.InvariantCulture, $"-g{fence.GenerationNumber:000000}");
            var folder = string.Create(CultureInfo.InvariantCulture, $"{_root}{Step}{step:000000}{suffix}/");
            var files = new List<StageFile>();
            foreach (var (name, content) in CheckpointFiles.Write(layout, checkpoint))
            {
                await store.PutBytes(folder + name, content, PutCondition.Always, cancellationToken);
                files.Add(new StageFile(name, content.Length, Convert.ToHexStringLower(SHA256.HashData(content))));
            }

            if (fence is not null && !await fence.MayCommit(cancellationToken))
            {
                span?.With(Attributes.CheckpointProblem, "fenced");
                Metrics.CheckpointProblems.Add(1, new KeyValuePair<string, object?>(Attributes.CheckpointProblem, "fenced"));
                await Remove(folder, cancellationToken);
                return false;
            }

            await store.PutJson(folder + Commit, files, PutCondition.Always, cancellationToken);
            span?.With(Attributes.LengthBytes, files.Sum(file => file.LengthBytes));
            Metrics.CheckpointBytes.Add(files.Sum(file => file.LengthBytes), Saving);
            await Retain(keep, cancellationToken);
            Metrics.CheckpointDuration.Record(_time.GetElapsedTime(start).TotalSeconds, Saving);
            return true;
        }
        catch (Exception e)
        {
            span.Fail(e);
            Metrics.CheckpointDuration.Record(_time.GetElapsedTime(start).TotalSeconds, Saving, new(Attributes.ErrorType, e.GetType().FullName));
            Metrics.CheckpointProblems.Add(1, new KeyValuePair<string, object?>(Attributes.CheckpointProblem, "not_written"));
            throw;
        }
    }

    /// <summary>Steps of the newest committed checkpoint, whole or not; null when there is none.</summary>
    public async Task<int?> FindNewestStep(CancellationToken cancellationToken)
    {
        var newest = (await Folders(cancellationToken)).LastOrDefault(folder => folder.IsCommitted);
        return newest is null ? null : int.Parse(newest.Key.AsSpan(_root.Length + Step.Length, 6), CultureInfo.InvariantCulture);
    }

    /// <summary>The newest checkpoint that is whole; null when there is none. While it is read, nobody removes it.</summary>
    public async Task<Checkpoint?> LoadLatest(FlatParameters layout, CancellationToken cancellationToken)
    {
        using var span = Spans.Checkpoint.Start("load")?.WithRun(run);
        var start = _time.GetTimestamp();
        var skipped = new List<string>();
        Checkpoint? found = null;
        try
        {
            foreach (var folder in (await Folders(cancellationToken)).Reverse().Where(folder => folder.IsCommitted))
            {
                var (files, problem) = await ReadMarked(folder.Key, cancellationToken);
                if (problem is null)
                {
                    found = CheckpointFiles.Read(layout, files, folder.Key);
                    span?.WithStep(found.State.Losses.Count).With(Attributes.LengthBytes, files.Values.Sum(content => (long)content.Length));
                    Metrics.CheckpointBytes.Add(files.Values.Sum(content => (long)content.Length), Loading);
                    break;
                }

                skipped.Add(problem);
                Metrics.CheckpointProblems.Add(1, new KeyValuePair<string, object?>(Attributes.CheckpointProblem, "damaged"));
                span?.With(Attributes.CheckpointProblem, "damaged");
            }
        }
        catch (Exception e)
        {
            span.Fail(e);
            throw;
        }

        Metrics.CheckpointDuration.Record(_time.GetElapsedTime(start).TotalSeconds, Loading);
        Skipped = skipped;
        return found;
    }

    /// <summary>Removes all checkpoints: the run has its result.</summary>
    public Task Clear(CancellationToken cancellationToken) => Retain(0, cancellationToken);

    private static KeyValuePair<string, object?> Saving => new(Attributes.CheckpointOperation, "save");

    private static KeyValuePair<string, object?> Loading => new(Attributes.CheckpointOperation, "load");

    // The mark is there before COMMIT is read: whoever removes a checkpoint takes COMMIT away first and then looks for marks, so that either
    // the reader finds no COMMIT or the remover finds the mark.
    private async Task<(IReadOnlyDictionary<string, byte[]> Files, string? Problem)> ReadMarked(string folder, CancellationToken cancellationToken)
    {
        var mark = $"{folder}{Reader}{Guid.NewGuid():n}";
        try
        {
            return await ReadVerified(folder, () => store.PutBytes(mark, "reads"u8.ToArray(), PutCondition.Always, cancellationToken), cancellationToken);
        }
        finally
        {
            await store.Delete(mark, null, CancellationToken.None);
        }
    }

    private async Task<(IReadOnlyDictionary<string, byte[]> Files, string? Problem)> ReadVerified(string folder, Func<Task> renewMark, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await renewMark();
        try
        {
            foreach (var file in await ReadCommit(folder, cancellationToken))
            {
                await renewMark();
                var content = await store.ReadAllBytes(folder + file.ObjectKey, cancellationToken);
                if (content.Length != file.LengthBytes || Convert.ToHexStringLower(SHA256.HashData(content)) != file.Sha256)
                {
                    return (files, $"{folder}{file.ObjectKey} differs from what COMMIT says of it");
                }

                files.Add(file.ObjectKey, content);
            }
        }
        catch (Exception e) when (e is ObjectNotFoundException or JsonException or AlteredObjectException)
        {
            return (files, $"{folder}: {e.Message}");
        }

        return (files, null);
    }

    // COMMIT vouches for the files and nothing for COMMIT: it is believed only when it is byte for byte what it says, and says all.
    private async Task<IReadOnlyList<StageFile>> ReadCommit(string folder, CancellationToken cancellationToken)
    {
        var content = await store.ReadAllBytes(folder + Commit, cancellationToken);
        IReadOnlyList<StageFile> files;
        try
        {
            files = await store.ReadJson<List<StageFile>>(folder + Commit, cancellationToken);
        }
        catch (GmailClusterException e) when (e is not ObjectNotFoundException && e.InnerException is JsonException)
        {
            throw new AlteredObjectException(store.Location, folder + Commit, e.Problem);
        }

        if (!ObjectStoreExtensions.Json(files).AsSpan().SequenceEqual(content) || !files.Select(file => file?.ObjectKey).SequenceEqual(CheckpointFiles.Names))
        {
            throw new AlteredObjectException(store.Location, folder + Commit, "is not the list that a checkpoint ends with.");
        }

        return files;
    }

    // Beside the older checkpoints goes what was left of others: uploads that never came to their COMMIT, removals that were cut short.
    private async Task Retain(int keep, CancellationToken cancellationToken)
    {
        var folders = await Folders(cancellationToken);
        var kept = folders.Where(folder => folder.IsCommitted).TakeLast(keep).Select(folder => folder.Key).ToHashSet(StringComparer.Ordinal);
        var newest = folders.LastOrDefault(folder => folder.IsCommitted)?.Key;
        foreach (var folder in folders.Where(folder => !kept.Contains(folder.Key) && (keep == 0 || string.CompareOrdinal(folder.Key, newest) < 0)))
        {
            await Remove(folder.Key, cancellationToken);
        }
    }

    // COMMIT first: a checkpoint that is half removed must not look whole.
    private async Task Remove(string folder, CancellationToken cancellationToken)
    {
        if ((await Folder(folder, cancellationToken)).IsRead(_time.GetUtcNow()))
        {
            return; // next time
        }

        await store.Delete(folder + Commit, null, cancellationToken);
        var rest = await Folder(folder, cancellationToken);
        if (rest.IsRead(_time.GetUtcNow()))
        {
            return;
        }

        foreach (var key in rest.Objects.Select(item => item.Key))
        {
            await store.Delete(key, null, cancellationToken);
        }
    }

    private async Task<CheckpointFolder> Folder(string key, CancellationToken cancellationToken) =>
        new(key, await store.List(key, cancellationToken).ToListAsync(cancellationToken));

    private async Task<IReadOnlyList<CheckpointFolder>> Folders(CancellationToken cancellationToken)
    {
        var objects = await store.List(_root, cancellationToken).ToListAsync(cancellationToken);
        return [.. objects.Where(item => item.Key.AsSpan(_root.Length).StartsWith(Step) && item.Key.IndexOf('/', _root.Length) > 0)
            .GroupBy(item => item.Key[..(item.Key.IndexOf('/', _root.Length) + 1)])
            .Select(group => new CheckpointFolder(group.Key, [.. group]))
            .OrderBy(folder => folder.Key, StringComparer.Ordinal)];
    }

    private sealed record CheckpointFolder(string Key, IReadOnlyList<ObjectInfo> Objects)
    {
        public bool IsCommitted => Objects.Any(item => item.Key.Length == Key.Length + Commit.Length && item.Key.EndsWith(Commit, StringComparison.Ordinal));

        public bool IsRead(DateTimeOffset now) => Objects.Any(item => item.Key.AsSpan(Key.Length).StartsWith(Reader) && now - item.LastModified < ReaderLimit);
    }
}
