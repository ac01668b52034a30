using System.Text;
using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>
/// One writer per key, across all processes of a machine: a fixed set of lock files, each key belonging to one. The kernel
/// releases a file's lock when its process dies, however it dies. Held only for a comparison and a rename, never while
/// content streams.
/// </summary>
internal sealed class KeyLocks(string folder, TimeProvider clock)
{
    private const int Stripes = 64;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // Between tasks of one process an awaited semaphore; only between processes do we have to ask again and again.
    private readonly SemaphoreSlim[] _local = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1))];

    public async Task<IDisposable> Acquire(string key, CancellationToken cancellationToken)
    {
        var stripe = Stripe(key);
        await _local[stripe].WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var path = Path.Combine(folder, $"{stripe:d2}.lock");
            var start = clock.GetTimestamp();
            for (var pause = TimeSpan.FromMilliseconds(1); ; pause = pause * 2 > TimeSpan.FromMilliseconds(16) ? pause : pause * 2)
            {
                if (TryOpen(path) is { } file)
                {
                    return new Held(file, _local[stripe]);
                }

                if (clock.GetElapsedTime(start) > Limit)
                {
                    throw new GmailClusterException(
                        path, $"has been locked by another process for {Limit.TotalSeconds:0} s.",
                        "A process using this store may be stopped or hanging: resume or end it, and run again.");
                }

                await Task.Delay(pause, clock, cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            _local[stripe].Release();
            throw;
        }
    }

    private FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException)
        {
            // "File not found", though it is to be created: another task made the folder between the attempt and the runtime's look at why it failed.
            Directory.CreateDirectory(folder);
            return null;
        }
        catch (IOException e) when (e is not PathTooLongException && IsHeldByAnother(e))
        {
            return null;
        }
    }

    // EWOULDBLOCK of flock, or Windows' sharing violation. Anything else (no space, read-only) is a real failure.
    private static bool IsHeldByAnother(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);

    // FNV-1a: the same stripe in every process (string.GetHashCode differs from process to process).
    private static int Stripe(string key)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.ASCII.GetBytes(key))
        {
            hash = (hash ^ b) * 16777619u;
        }

        return (int)(hash % Stripes);
    }

    private sealed class Held(FileStream file, SemaphoreSlim local) : IDisposable
    {
        public void Dispose()
        {
            file.Dispose();
            local.Release();
        }
    }
}
