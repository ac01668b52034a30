using System.Runtime.CompilerServices;
using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Storage;

/// <summary>
/// A folder as object store: the object <c>a/b.json</c> is the file <c>a/b.json</c>. Safe for several processes of one machine.
/// Content is written to a temporary file in the store, flushed to disk and renamed, so a kill or a full disk leaves the object
/// as it was. As in any file system, <c>a</c> and <c>a/b</c> cannot both be objects: the second write is refused.
/// </summary>
/// <remarks>
/// The ETag is (modification time, length). Every write sets a later time than the version it replaces, under the key's
/// lock, so two versions never share one; a file edited by hand changes its time, too.
/// </remarks>
public sealed class FolderObjectStore : IObjectStore
{
    private const int BlockBytes = 1 << 20;

    // Linux's EEXIST, which the runtime hands through as HResult.
    private const int Exists = 17;

    // '~' is in no key, so bookkeeping can neither collide with an object nor be listed as one.
    private const string TemporaryFolder = "~tmp";
    private const string LockFolder = "~locks";
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromDays(1);

    private readonly string _root;
    private readonly string _temporary;
    private readonly TimeProvider _clock;
    private readonly KeyLocks _locks;
    private readonly Func<string, FileStream> _createTemporary;
    private int _swept;

    /// <summary>Names the folder; it is made by the first write.</summary>
    /// <param name="folder">The folder, absolute or relative to the working directory.</param>
    /// <param name="clock">The store's clock. Default: the system's.</param>
    public FolderObjectStore(string folder, TimeProvider? clock = null)
        : this(folder, clock, CreateTemporary)
    {
    }

    internal FolderObjectStore(string folder, TimeProvider? clock, Func<string, FileStream> createTemporary)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        _temporary = Path.Combine(_root, TemporaryFolder);
        _clock = clock ?? TimeProvider.System;
        _locks = new KeyLocks(Path.Combine(_root, LockFolder), _clock);
        _createTemporary = createTemporary;
    }

    /// <inheritdoc/>
    public string Location => _root;

    /// <inheritdoc/>
    public Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(key);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Guarded(key, () => Info(key, FilePath(key))));
    }

    /// <inheritdoc/>
    public Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes ?? 0, nameof(lengthBytes));
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Guarded(key, () => Open(key, offsetBytes, lengthBytes)));
    }

    /// <inheritdoc/>
    public async Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(key);
        ArgumentNullException.ThrowIfNull(content);
        var path = FilePath(key);
        var before = Guarded(key, () => Info(key, path));
        if (!Allows(condition, before))
        {
            return new PutResult(false, before?.ETag); // settled before a byte is copied; decided again under the lock
        }

        var temporary = Path.Combine(_temporary, Guid.NewGuid().ToString("n"));
        try
        {
            await Spool(key, content, temporary, cancellationToken).ConfigureAwait(false);
            using var held = await Lock(key, cancellationToken).ConfigureAwait(false);
            return Guarded(key, () => Commit(key, path, temporary, condition));
        }
        finally
        {
            Discard(temporary);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> List(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectKey.ValidatePrefix(prefix);
        await Task.CompletedTask.ConfigureAwait(false); // the file system has no asynchronous listing
        var cut = prefix.LastIndexOf('/') + 1;
        foreach (var key in Walk(prefix[..cut], prefix[cut..]))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Guarded(key, () => Info(key, FilePath(key))) is { } info)
            {
                yield return info;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(key);
        var path = FilePath(key);
        if (Guarded(key, () => Info(key, path)) is null)
        {
            return false; // also keeps a delete from making the store's folder
        }

        using var held = await Lock(key, cancellationToken).ConfigureAwait(false);
        return Guarded(key, () =>
        {
            if (Info(key, path) is not { } present || (ifMatch is not null && present.ETag != ifMatch))
            {
                return false;
            }

            File.Delete(path);
            DropEmptyFolders(Path.GetDirectoryName(path)!);
            return true;
        });
    }

    private static FileStream CreateTemporary(string path) =>
        new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);

    private static bool Allows(PutCondition condition, ObjectInfo? present) =>
        condition.IfAbsent ? present is null : condition.IfMatch is null || condition.IfMatch == present?.ETag;

    private static ObjectInfo? Info(string key, string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            return null;
        }

        var time = file.LastWriteTimeUtc;
        return new ObjectInfo(key, file.Length, VersionedFileStream.Of(time, file.Length), time);
    }

    private Stream Open(string key, long offsetBytes, long? lengthBytes)
    {
        VersionedFileStream file;
        try
        {
            if (!File.Exists(FilePath(key)))
            {
                throw new ObjectNotFoundException(_root, key);
            }

            file = new VersionedFileStream(FilePath(key));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ObjectNotFoundException(_root, key, e);
        }

        if (offsetBytes == 0 && lengthBytes is null)
        {
            return file;
        }

        var start = Math.Min(offsetBytes, file.Length);
        return new RangeStream(file, start, Math.Min(lengthBytes ?? long.MaxValue, file.Length - start));
    }

    private async Task Spool(string key, Stream content, string temporary, CancellationToken cancellationToken)
    {
        var file = Guarded(key, () =>
        {
            Directory.CreateDirectory(_temporary);
            SweepAbandoned();
            return _createTemporary(temporary);
        });
        try
        {
            var buffer = new byte[BlockBytes];
            while (true)
            {
                // Only the store's own side is translated: a source that fails to read tells its own story.
                var count = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    break;
                }

                try
                {
                    await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                }
                catch (Exception e) when (StoreErrors.IsFileSystemError(e))
                {
                    throw StoreErrors.Translate(_root, key, e);
                }
            }

            Guarded(key, () =>
            {
                file.Flush(flushToDisk: true);
                return 0;
            });
        }
        finally
        {
            await file.DisposeAsync().ConfigureAwait(false);
        }
    }

    private PutResult Commit(string key, string path, string temporary, PutCondition condition)
    {
        var present = Info(key, path);
        if (!Allows(condition, present))
        {
            return new PutResult(false, present?.ETag);
        }

        if (Directory.Exists(path))
        {
            throw new GmailClusterException(
                $"{_root}: {key}", "is the beginning of other objects' keys, and a folder store cannot hold both.", "Choose another key.");
        }

        MakeLater(temporary, present?.LastModified.UtcDateTime);
        Rename(temporary, path);
        DirectorySync.Flush(Path.GetDirectoryName(path)!);
        return new PutResult(true, Info(key, path)!.ETag);
    }

    // A coarse file-system clock may round a small step away, so widen the step until the time read back is later.
    private void MakeLater(string temporary, DateTime? replaced)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        File.SetLastWriteTimeUtc(temporary, now);
        if (replaced is not { } old)
        {
            return;
        }

        for (var step = 1L; File.GetLastWriteTimeUtc(temporary) <= old; step *= 10)
        {
            File.SetLastWriteTimeUtc(temporary, old.AddTicks(step));
        }
    }

    private static void Rename(string temporary, string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.CreateDirectory(folder);
                File.Move(temporary, path, overwrite: true);
                return;
            }
            catch (IOException e) when (attempt < 100 && (e is DirectoryNotFoundException || (e.HResult == Exists && !File.Exists(folder))))
            {
                // A delete of the folder's last object removed it in between, or while it was found to be there already: make it again.
            }
        }
    }

    private IEnumerable<string> Walk(string folderKey, string namePrefix)
    {
        List<string> entries;
        try
        {
            // A folder's name is compared with its '/': so file and folder interleave exactly as their full keys do.
            entries = [.. new DirectoryInfo(Path.Combine(_root, folderKey))
                .EnumerateFileSystemInfos()
                .Where(e => ObjectKey.IsSegment(e.Name) && e.Name.StartsWith(namePrefix, StringComparison.Ordinal))
                .Select(e => e is DirectoryInfo ? e.Name + "/" : e.Name)];
        }
        catch (DirectoryNotFoundException)
        {
            yield break;
        }
        catch (Exception e) when (StoreErrors.IsFileSystemError(e))
        {
            throw StoreErrors.Translate(_root, folderKey, e);
        }

        entries.Sort(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (!entry.EndsWith('/'))
            {
                yield return folderKey + entry;
                continue;
            }

            foreach (var key in Walk(folderKey + entry, ""))
            {
                yield return key;
            }
        }
    }

    private void DropEmptyFolders(string folder)
    {
        while (folder.Length > _root.Length)
        {
            try
            {
                Directory.Delete(folder);
            }
            catch (Exception e) when (StoreErrors.IsFileSystemError(e))
            {
                return; // not empty, or already gone
            }

            folder = Path.GetDirectoryName(folder)!;
        }
    }

    // What killed processes left behind. Younger files may belong to a living writer.
    private void SweepAbandoned()
    {
        if (Interlocked.Exchange(ref _swept, 1) == 1)
        {
            return;
        }

        foreach (var file in Directory.EnumerateFiles(_temporary))
        {
            if (_clock.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(file) > AbandonedAfter)
            {
                Discard(file);
            }
        }
    }

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (StoreErrors.IsFileSystemError(e))
        {
            // Invisible to every reader, and swept later: must not hide the failure that led here.
        }
    }

    private async Task<IDisposable> Lock(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await _locks.Acquire(key, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (StoreErrors.IsFileSystemError(e))
        {
            throw StoreErrors.Translate(_root, key, e);
        }
    }

    private T Guarded<T>(string key, Func<T> access)
    {
        try
        {
            return access();
        }
        catch (Exception e) when (StoreErrors.IsFileSystemError(e))
        {
            throw StoreErrors.Translate(_root, key, e);
        }
    }

    private string FilePath(string key) => Path.Combine(_root, key);
}
