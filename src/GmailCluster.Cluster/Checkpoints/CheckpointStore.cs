using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Learning.Optim;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Checkpoints;

/// <summary>
/// A run's checkpoints: <c>runs/&lt;key&gt;/checkpoints/step-000120/…</c>. A checkpoint exists when its COMMIT exists; COMMIT
/// lists every file with length and SHA-256. A torn or altered one is passed over, by name, for the one before.
/// </summary>
public sealed class CheckpointStore(IObjectStore store, ArtifactKey run)
{
    private const string Commit = "COMMIT";
    private readonly string _root = $"runs/{run}/checkpoints/";

    /// <summary>What was passed over in the last <see cref="LoadLatest"/>, and why.</summary>
    public IReadOnlyList<string> Skipped { get; private set; } = [];

    /// <summary>Writes a checkpoint, its COMMIT last, then removes all but the newest <paramref name="keep"/>.</summary>
    public async Task Save(FlatParameters layout, Checkpoint checkpoint, int keep, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var folder = string.Create(CultureInfo.InvariantCulture, $"{_root}step-{checkpoint.State.Losses.Count:000000}/");
        var files = new List<StageFile>();
        foreach (var (name, content) in CheckpointFiles.Write(layout, checkpoint))
        {
            await store.PutBytes(folder + name, content, PutCondition.Always, cancellationToken);
            files.Add(new StageFile(name, content.Length, Convert.ToHexStringLower(SHA256.HashData(content))));
        }

        await store.PutJson(folder + Commit, files, PutCondition.Always, cancellationToken);
        foreach (var old in (await Committed(cancellationToken)).SkipLast(keep))
        {
            await Remove(old, cancellationToken);
        }
    }

    /// <summary>The newest checkpoint that is whole; null when there is none.</summary>
    public async Task<Checkpoint?> LoadLatest(FlatParameters layout, CancellationToken cancellationToken)
    {
        var skipped = new List<string>();
        Checkpoint? found = null;
        foreach (var folder in (await Committed(cancellationToken)).Reverse())
        {
            var (files, problem) = await ReadVerified(folder, cancellationToken);
            if (problem is null)
            {
                found = CheckpointFiles.Read(layout, files, folder);
                break;
            }

            skipped.Add(problem);
        }

        Skipped = skipped;
        return found;
    }

    /// <summary>Removes all checkpoints: the run has its result.</summary>
    public async Task Clear(CancellationToken cancellationToken)
    {
        foreach (var folder in await Committed(cancellationToken))
        {
            await Remove(folder, cancellationToken);
        }
    }

    private async Task<(IReadOnlyDictionary<string, byte[]> Files, string? Problem)> ReadVerified(string folder, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            var listed = await store.ReadJson<List<StageFile>>(folder + Commit, cancellationToken);
            foreach (var file in listed)
            {
                var content = await store.ReadAllBytes(folder + file.ObjectKey, cancellationToken);
                if (content.Length != file.LengthBytes || Convert.ToHexStringLower(SHA256.HashData(content)) != file.Sha256)
                {
                    return (files, $"{folder}{file.ObjectKey} differs from what COMMIT says of it");
                }

                files.Add(file.ObjectKey, content);
            }
        }
        catch (Exception e) when (e is ObjectNotFoundException or JsonException or Errors.GmailClusterException)
        {
            return (files, $"{folder}: {e.Message}");
        }

        return (files, null);
    }

    private async Task<IReadOnlyList<string>> Committed(CancellationToken cancellationToken)
    {
        var folders = new List<string>();
        await foreach (var item in store.List(_root, cancellationToken))
        {
            if (item.Key.EndsWith("/" + Commit, StringComparison.Ordinal))
            {
                folders.Add(item.Key[..^Commit.Length]);
            }
        }

        return folders;
    }

    // COMMIT first: a checkpoint that is half removed must not look whole.
    private async Task Remove(string folder, CancellationToken cancellationToken)
    {
        await store.Delete(folder + Commit, null, cancellationToken);
        var rest = new List<string>();
        await foreach (var item in store.List(folder, cancellationToken))
        {
            rest.Add(item.Key);
        }

        foreach (var key in rest)
        {
            await store.Delete(key, null, cancellationToken);
        }
    }
}
