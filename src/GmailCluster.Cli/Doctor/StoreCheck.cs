using System.Globalization;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Cli.Doctor;

/// <summary>
/// Whether a place can be the object store: all that runs do there is done with a small object (conditional writes, reads, listing, removal),
/// timed, and the store's clock compared with ours.
/// </summary>
internal static class StoreCheck
{
    /// <summary>Below this even the samples do not fit.</summary>
    public const long LeastFreeBytes = 2_000_000_000;

    private const int Rounds = 5;
    private const string ProbeFolder = "probes/";
    private static readonly TimeSpan SlowestWrite = TimeSpan.FromSeconds(0.5);

    // Nothing decides by the clock within a store, but certificates, signatures and people reading logs do.
    private static readonly TimeSpan AllowedSkew = TimeSpan.FromSeconds(30);

    /// <summary>Tries the store, and leaves it as it was.</summary>
    /// <param name="location">As the user wrote it.</param>
    /// <param name="createContainer">Whether to make a missing container of blob storage first.</param>
    /// <param name="time">Our clock.</param>
    /// <param name="cancellationToken">Ends the checks.</param>
    public static async Task<IReadOnlyList<Finding>> Run(string location, bool createContainer, TimeProvider time, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        try
        {
            var store = ObjectStores.Open(location);
            if (createContainer)
            {
                findings.Add(await Create(store, cancellationToken));
            }

            if (store is FolderObjectStore)
            {
                await InFolder(store, findings, time, cancellationToken);
            }
            else
            {
                await Try(store, findings, time, cancellationToken);
            }

            if (store is AzureObjectStore azure)
            {
                findings.Add(await Namespace(azure, cancellationToken));
            }
        }
        catch (GmailClusterException e)
        {
            findings.Add(new Finding("store", $"{e.Where.Split($": {ProbeFolder}")[0]}: {e.Problem}", e.Remedy)); // the probe's own name says nothing
        }

        findings.Add(Room("temporary folder", Path.GetTempPath(), "Shards pass through it: free some, or set TMPDIR to a folder with room."));
        return findings;
    }

    /// <summary>The finding for a store whose clock shows <paramref name="skew"/> less than ours.</summary>
    public static Finding Clock(TimeSpan skew)
    {
        var seen = string.Create(CultureInfo.InvariantCulture, $"{skew.Duration().TotalSeconds:0} s {(skew < TimeSpan.Zero ? "behind" : "ahead of")} the store's");
        return skew.Duration() <= AllowedSkew
            ? new Finding("clock", $"within {AllowedSkew.TotalSeconds:0} s of the store's")
            : new Finding("clock", $"{seen}.", "Set this machine's clock (NTP): blob storage refuses requests that are 15 minutes off, and certificates are judged by it.");
    }

    /// <summary>The finding for a small write that takes <paramref name="write"/> and a small read that takes <paramref name="read"/>.</summary>
    public static Finding Latency(TimeSpan write, TimeSpan read)
    {
        var seen = string.Create(CultureInfo.InvariantCulture, $"a small write takes {write.TotalMilliseconds:0.#} ms, a small read {read.TotalMilliseconds:0.#} ms");
        return write <= SlowestWrite
            ? new Finding("store latency", seen)
            : new Finding("store latency", $"{seen}.", "Commits wait for it: keep the store in the machines' region, or use a faster disk.");
    }

    private static async Task<Finding> Create(IObjectStore store, CancellationToken cancellationToken)
    {
        if (store is not AzureObjectStore azure)
        {
            return new Finding("container", $"{store.Location} has none.", "Leave --create-container away: a folder is made by the first write.");
        }

        return new Finding("container", await azure.CreateContainer(cancellationToken) ? "made" : "was there already");
    }

    private static async Task InFolder(IObjectStore store, List<Finding> findings, TimeProvider time, CancellationToken cancellationToken)
    {
        var missing = new Stack<string>();
        for (var folder = store.Location; !Directory.Exists(folder); folder = Path.GetDirectoryName(folder)!)
        {
            missing.Push(folder);
        }

        try
        {
            await Try(store, findings, time, cancellationToken);
            findings.Add(Room("disk", store.Location, "Free some, or name another folder with --store."));
        }
        finally
        {
            // What the store keeps beside its objects, then the folders that were not there: only empty ones.
            if (missing.Count > 0 && Directory.Exists(store.Location) && !Directory.EnumerateFileSystemEntries(store.Location).Any(path => Path.GetFileName(path)[0] != '~'))
            {
                Directory.Delete(store.Location, recursive: true);
                foreach (var folder in missing.Reverse().Skip(1))
                {
                    Directory.Delete(folder);
                }
            }
        }
    }

    private static async Task Try(IObjectStore store, List<Finding> findings, TimeProvider time, CancellationToken cancellationToken)
    {
        var key = $"{ProbeFolder}doctor-{Guid.NewGuid():n}";
        byte[] content = [1, 2, 3];
        var (writes, reads) = (new List<TimeSpan>(), new List<TimeSpan>());
        ObjectInfo? last = null;
        for (var round = 0; round < Rounds; round++)
        {
            var start = time.GetTimestamp();
            var put = await store.PutBytes(key, content, PutCondition.WhenAbsent, cancellationToken);
            writes.Add(time.GetElapsedTime(start));
            var again = await store.PutBytes(key, content, PutCondition.WhenAbsent, cancellationToken);
            start = time.GetTimestamp();
            var read = await store.ReadAllBytes(key, cancellationToken);
            reads.Add(time.GetElapsedTime(start));
            last = await store.Stat(key, cancellationToken);
            var isListed = await store.List(ProbeFolder, cancellationToken).AnyAsync(item => item.Key == key, cancellationToken);
            if (!await store.Delete(key, put.ETag, cancellationToken) || !put.Written || again.Written || !isListed || !read.AsSpan().SequenceEqual(content))
            {
                findings.Add(new Finding("store", $"{store.Location} does not keep its promises: a conditional write, a read or a listing came out wrong.", "Name another store with --store."));
                return;
            }
        }

        findings.Add(new Finding("store", $"{store.Location} can be written, read and listed"));
        findings.Add(Latency(Median(writes), Median(reads)));
        findings.Add(Clock(time.GetUtcNow() - (await ClockOf(store, last!, cancellationToken))));
    }

    // A folder's objects carry our own clock; a plain file carries that of the machine which has the disk.
    private static async Task<DateTimeOffset> ClockOf(IObjectStore store, ObjectInfo last, CancellationToken cancellationToken)
    {
        if (store is not FolderObjectStore)
        {
            return last.LastModified;
        }

        var probe = Path.Combine(store.Location, $"~doctor-{Guid.NewGuid():n}");
        await File.WriteAllBytesAsync(probe, [1], cancellationToken);
        var written = File.GetLastWriteTimeUtc(probe);
        File.Delete(probe);
        return written;
    }

    // Listings there are in another order, and folders appear in them as objects.
    private static async Task<Finding> Namespace(AzureObjectStore store, CancellationToken cancellationToken) => await store.IsHierarchical(cancellationToken)
        ? new Finding("account", "has a hierarchical namespace (Data Lake Storage Gen2).", "Use a storage account without one.")
        : new Finding("account", "has a flat namespace");

    private static Finding Room(string name, string folder, string remedy)
    {
        var free = new DriveInfo(folder).AvailableFreeSpace;
        return new Finding(name, $"{Figures.Size(free)} free at {folder}", free < LeastFreeBytes ? remedy : null);
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
}
