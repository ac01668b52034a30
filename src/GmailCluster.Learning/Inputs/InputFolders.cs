using System.Security.Cryptography;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Inputs;

/// <summary>
/// Model folders of the store as folders of this machine, for readers of folders. A folder is fetched once, each file checked
/// against its hash, and appears under its digest when it is whole, so processes of one machine share it.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="cache">Where folders are kept; nothing else is to be there. Removing it costs a fetch.</param>
public sealed class InputFolders(IObjectStore store, string cache)
{
    private readonly string _cache = Path.GetFullPath(cache);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task<string>> _folders = [];

    /// <summary>The stage with settings that name folders of this machine.</summary>
    /// <exception cref="GmailClusterException">A folder is not in the store, or was altered there.</exception>
    public async Task<Stage> Localize(Stage stage, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stage);
        var digests = InputReference.Of(stage);
        if (digests.Count == 0)
        {
            return stage;
        }

        var folders = new Dictionary<string, string>();
        foreach (var digest in digests)
        {
            folders[digest] = await Find(digest).WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        return InputReference.ToLocal(stage, folders);
    }

    // Whoever asks first fetches, for all who ask meanwhile; so it is not ended by the first one's token.
    private Task<string> Find(string digest)
    {
        lock (_lock)
        {
            if (!_folders.TryGetValue(digest, out var folder) || folder.IsFaulted)
            {
                _folders[digest] = folder = Task.Run(() => Fetch(digest, CancellationToken.None));
            }

            return folder;
        }
    }

    private async Task<string> Fetch(string digest, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(_cache, digest);
        if (Directory.Exists(folder))
        {
            return folder;
        }

        var manifest = await store.ReadJson<InputManifest>(InputManifest.ObjectKey(digest), cancellationToken).ConfigureAwait(false);
        var partial = Path.Combine(_cache, $"{digest}.{Guid.NewGuid():n}");
        try
        {
            foreach (var file in manifest.Files)
            {
                await FetchFile(file, Inside(partial, file.Name), cancellationToken).ConfigureAwait(false);
            }

            Directory.Move(partial, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            // Another process was faster: its folder is the same, bit for bit.
        }
        finally
        {
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }
        }

        return folder;
    }

    private string Inside(string folder, string name)
    {
        var path = Path.GetFullPath(Path.Combine(folder, name));
        return path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new GmailClusterException($"{store.Location}: inputs", $"names the file '{name}', which lies outside its folder.", "Remove it from the store and submit again.");
    }

    private async Task FetchFile(InputFile file, string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var source = await store.OpenRead(file.ObjectKey, 0, null, cancellationToken).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            var target = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
            await using (target.ConfigureAwait(false))
            {
                await source.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
                target.Position = 0;
                var found = Convert.ToHexStringLower(await SHA256.HashDataAsync(target, cancellationToken).ConfigureAwait(false));
                if (found != file.Sha256)
                {
                    throw new GmailClusterException(
                        $"{store.Location}: {file.ObjectKey}", $"was truncated or altered: its SHA-256 is {found}.", "Remove it from the store and submit again.");
                }
            }
        }
    }
}
