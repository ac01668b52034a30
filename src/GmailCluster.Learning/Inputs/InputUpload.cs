using System.Security.Cryptography;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Inputs;

/// <summary>Brings the model folders of a spec into the store, where every silo can read them.</summary>
public static class InputUpload
{
    /// <summary>Uploads a folder unless the store has it. Files that another folder brought are not sent again.</summary>
    /// <param name="store">The store.</param>
    /// <param name="folder">Absolute path.</param>
    /// <param name="digest">The digest that the planner found.</param>
    /// <param name="onFile">Told of each file that is sent.</param>
    /// <param name="cancellationToken">Ends the work; sent files stay.</param>
    public static async Task Send(IObjectStore store, string folder, string digest, Action<InputFile> onFile, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(onFile);
        if (await store.Stat(InputManifest.ObjectKey(digest), cancellationToken).ConfigureAwait(false) is not null)
        {
            return;
        }

        var files = new List<InputFile>();
        foreach (var (name, path) in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => (Name: Path.GetRelativePath(folder, path).Replace('\\', '/'), Path: path))
            .OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            files.Add(await SendFile(store, name, path, onFile, cancellationToken).ConfigureAwait(false));
        }

        await Note(store, digest, files, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Notes a folder all of whose files are in the store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="digest">The folder's digest.</param>
    /// <param name="files">Its files.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public static Task Note(IObjectStore store, string digest, IEnumerable<InputFile> files, CancellationToken cancellationToken) => store.PutJson(
        InputManifest.ObjectKey(digest), new InputManifest(digest, [.. files.OrderBy(file => file.Name, StringComparer.Ordinal)]), PutCondition.WhenAbsent, cancellationToken);

    /// <summary>The stages as the cluster is to have them: folders that were sent are named as the store's.</summary>
    /// <param name="stages">The plan.</param>
    /// <param name="digests">Digest by absolute path.</param>
    public static IReadOnlyList<Stage> Referring(IReadOnlyList<Stage> stages, IReadOnlyDictionary<string, string> digests) =>
        [.. stages.Select(stage => InputReference.ToStore(stage, digests))];

    private static async Task<InputFile> SendFile(IObjectStore store, string name, string path, Action<InputFile> onFile, CancellationToken cancellationToken)
    {
        var stream = File.OpenRead(path);
        await using (stream.ConfigureAwait(false))
        {
            var file = new InputFile(name, Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false)), stream.Length);
            if (await store.Stat(file.ObjectKey, cancellationToken).ConfigureAwait(false) is not null)
            {
                return file;
            }

            onFile(file);
            stream.Position = 0;
            await store.Put(file.ObjectKey, stream, PutCondition.WhenAbsent, cancellationToken).ConfigureAwait(false);
            return stream.Length == file.LengthBytes
                ? file
                : throw new InputException(path, "changed while it was sent.", "Submit again when nothing writes to the folder.");
        }
    }
}
