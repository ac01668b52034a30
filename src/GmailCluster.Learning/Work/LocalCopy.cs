using GmailCluster.Data.Storage;
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

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
