using GmailCluster.Storage;

namespace GmailCluster.Learning.Work;

/// <summary>Objects of the store as files, for readers of folders; removed when disposed.</summary>
internal sealed class LocalCopy : IDisposable
{
    private LocalCopy(string path) => Path = path;

    public string Path { get; }

    public static async Task<LocalCopy> Of(IObjectStore store, string prefix, CancellationToken cancellationToken)
    {
        var copy = new LocalCopy(Directory.CreateTempSubdirectory("gmailcluster-").FullName);
        try
        {
            await foreach (var item in store.List(prefix, cancellationToken).ConfigureAwait(false))
            {
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

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
