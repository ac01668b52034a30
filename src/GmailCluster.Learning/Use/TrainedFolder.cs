using System.Text.RegularExpressions;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Learning.Work;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Use;

/// <summary>
/// A model as a user names it: a folder, or <c>runs/KEY</c> for the result of a training run in the store, where the key may be cut to
/// what <c>gmailcluster plan</c> shows of it. Dispose it when the model is loaded.
/// </summary>
public sealed partial class TrainedFolder : IDisposable
{
    private const string Runs = "runs/";

    private readonly LocalCopy? _copy;

    private TrainedFolder(string path, LocalCopy? copy) => (Path, _copy) = (path, copy);

    /// <summary>The folder on this machine.</summary>
    public string Path { get; }

    /// <summary>Finds it.</summary>
    /// <param name="name">As the user wrote it.</param>
    /// <param name="store">Where runs are; only read.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InputException">There is no such folder, no such run, or more than one that begins so.</exception>
    public static async Task<TrainedFolder> Open(string name, IObjectStore store, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (Directory.Exists(name) || !IsRun().IsMatch(name.TrimEnd('/')))
        {
            return Directory.Exists(name)
                ? new TrainedFolder(name, null)
                : throw new InputException(name, "is no folder.", "Name a model's folder, or runs/KEY with a key that 'gmailcluster plan' shows.");
        }

        var prefix = name.TrimEnd('/');
        var found = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var item in store.List(prefix, cancellationToken).ConfigureAwait(false))
        {
            found.Add(item.Key[..item.Key.IndexOf('/', Runs.Length)]);
        }

        return found.Count switch
        {
            1 => await Of(store, found.Min!, cancellationToken).ConfigureAwait(false),
            0 => throw new InputException(name, $"is no folder, and the store {store.Location} has no such run.", "'gmailcluster plan SPEC' shows the keys of a spec's runs; --store names another store."),
            _ => throw new InputException(name, $"is the beginning of {found.Count} runs: {string.Join(", ", found.Take(3))}.", "Write more of the key."),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _copy?.Dispose();

    // A folder store's files are read where they are, so that messages name them; any other store's are fetched.
    private static async Task<TrainedFolder> Of(IObjectStore store, string run, CancellationToken cancellationToken)
    {
        if (store is FolderObjectStore)
        {
            return new TrainedFolder(System.IO.Path.Combine(store.Location, run), null);
        }

        var copy = await LocalCopy.OfRun(store, new ArtifactKey(run[Runs.Length..]), cancellationToken).ConfigureAwait(false);
        return new TrainedFolder(copy.Path, copy);
    }

    [GeneratedRegex("^runs/[0-9a-f]{1,64}$")]
    private static partial Regex IsRun();
}
