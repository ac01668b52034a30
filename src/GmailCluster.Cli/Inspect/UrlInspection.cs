using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Learning.Work;
using GmailCluster.Storage;

namespace GmailCluster.Cli.Inspect;

/// <summary>A store, a folder of one or one object, named by URL: what an inspection reads is fetched, and then it is a folder like any other.</summary>
internal static class UrlInspection
{
    /// <summary>What lies at <paramref name="url"/>.</summary>
    /// <exception cref="InputException">Nothing, or nothing that is known here, or something damaged.</exception>
    public static async Task<Inspection> Of(string url, CancellationToken cancellationToken)
    {
        var name = url.TrimEnd('/');
        var store = ObjectStores.Open(name);
        if (await Any(store, "stages/", cancellationToken))
        {
            return await OfStore(store, cancellationToken);
        }

        if (await Any(store, "", cancellationToken))
        {
            // Of a set of pictures the manifest says all; the tars may be terabytes.
            using var folder = await LocalCopy.Of(store, "", key => !key.StartsWith("shards/", StringComparison.Ordinal), cancellationToken);
            return await Inspector.Inspect(folder.Path, cancellationToken);
        }

        var cut = name.LastIndexOf('/');
        var (parent, key) = (ObjectStores.Open(name[..cut]), name[(cut + 1)..]);
        if (await parent.Stat(key, cancellationToken) is null)
        {
            throw new InputException(url, "is not there.", "Name a store, or a folder or object of one: STORE/runs/KEY.");
        }

        // With the header of a feature table beside its values.
        var stem = Path.GetFileNameWithoutExtension(key);
        using var file = await LocalCopy.Of(parent, "", other => other == key || other == $"{stem}.json", cancellationToken);
        return await Inspector.Inspect(Path.Combine(file.Path, key), cancellationToken);
    }

    private static async Task<Inspection> OfStore(IObjectStore store, CancellationToken cancellationToken)
    {
        using var records = await LocalCopy.Of(store, "stages/", cancellationToken);
        var runs = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var item in store.List("runs/", cancellationToken))
        {
            runs.Add(item.Key.Split('/')[1]); // counted, not read
        }

        return StoreInspection.Of(records.Path, runs);
    }

    private static async Task<bool> Any(IObjectStore store, string prefix, CancellationToken cancellationToken)
    {
        await foreach (var _ in store.List(prefix, cancellationToken))
        {
            return true;
        }

        return false;
    }
}
