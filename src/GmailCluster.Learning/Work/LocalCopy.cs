using System.Security.Cryptography;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Work;

/// <summary>Objects of the store as files, for readers of folders; removed when disposed.</summary>
public sealed class LocalCopy : IDisposable
{
    private LocalCopy(string path) => Path = path;

    /// <summary>The folder on this machine.</summary>
    public string Path { get; }

    /// <summary>Copies all objects under a prefix, named by what follows it.</summary>
    /// <param name="store">Where they are.</param>
    /// <param name="prefix">Ends in '/', or is empty.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    public static Task<LocalCopy> Of(IObjectStore store, string prefix, CancellationToken cancellationToken) => Of(store, prefix, _ => true, cancellationToken);

    /// <summary>Copies the result of a training run, and compares each file with what the record of its stage says of it.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="run">The run's key.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    /// <exception cref="AlteredObjectException">A file was truncated or altered.</exception>
    public static async Task<LocalCopy> OfRun(IObjectStore store, ArtifactKey run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var prefix = $"runs/{run}/";
        var copy = await Of(store, prefix, cancellationToken).ConfigureAwait(false);
        try
        {
            var record = await store.TryReadJson<StageRecord>(StageRecord.ObjectKey(run), cancellationToken).ConfigureAwait(false);
            foreach (var file in record?.Value.Files ?? [])
            {
                if (file.ObjectKey.StartsWith(prefix, StringComparison.Ordinal))
                {
                    await copy.Check(store, prefix, file, cancellationToken).ConfigureAwait(false);
                }
            }

            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Copies some of the objects under a prefix, named by what follows it.</summary>
    /// <param name="store">Where they are.</param>
    /// <param name="prefix">Ends in '/', or is empty.</param>
    /// <param name="isWanted">Whether to copy the object of a key.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    public static async Task<LocalCopy> Of(IObjectStore store, string prefix, Func<string, bool> isWanted, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(isWanted);
        var copy = new LocalCopy(Directory.CreateTempSubdirectory("gmailcluster-").FullName);
        try
        {
            await foreach (var item in store.List(prefix, cancellationToken).ConfigureAwait(false))
            {
                if (!isWanted(item.Key))
                {
                    continue;
                }

                ObjectKey.Validate(item.Key); // what becomes a path climbs out of no folder, whatever a store lists
                var target = System.IO.Path.Combine([copy.Path, .. item.Key[prefix.Length..].Split('/')]);
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
                var source = await store.OpenRead(item.Key, 0, null, cancellationToken).ConfigureAwait(false);
                await using (source.ConfigureAwait(false))
                {
                    var file = File.Create(target);
                    await using (file.ConfigureAwait(false))
                    {
                        await source.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
                    }
                }
            }

            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    private async Task Check(IObjectStore store, string prefix, StageFile file, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(file.ObjectKey);
        var path = System.IO.Path.Combine(Path, file.ObjectKey[prefix.Length..]);
        if (!File.Exists(path))
        {
            throw new ObjectNotFoundException(store.Location, file.ObjectKey);
        }

        var content = File.OpenRead(path);
        await using (content.ConfigureAwait(false))
        {
            var seen = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken).ConfigureAwait(false));
            if (seen != file.Sha256)
            {
                throw new AlteredObjectException(store.Location, file.ObjectKey, $"has the SHA-256 {seen}, not the one in its stage's record.");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
