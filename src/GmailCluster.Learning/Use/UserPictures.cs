using System.Runtime.CompilerServices;
using GmailCluster.Data.Images;
using GmailCluster.Data.Shards;
using GmailCluster.Errors;

namespace GmailCluster.Learning.Use;

/// <summary>
/// The pictures that a user's paths name: files as they are, all pictures of a folder and its subfolders in ordinal order of their paths,
/// those of a WebDataset tar in its order. What cannot be read is told and passed over; the others go on.
/// </summary>
internal static class UserPictures
{
    /// <summary>Refuses a folder without pictures, before anything is loaded.</summary>
    public static void Check(IEnumerable<string> paths)
    {
        foreach (var folder in paths.Where(Directory.Exists).Where(folder => !InFolder(folder).Any()))
        {
            throw new InputException(
                folder, "holds no pictures.", $"Name pictures ({string.Join(", ", ImageDecoder.Extensions)}), a folder of them, or a WebDataset tar.");
        }
    }

    public static async IAsyncEnumerable<UserPicture> Read(IEnumerable<string> paths, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var path in paths)
        {
            if (Path.GetExtension(path).Equals(".tar", StringComparison.OrdinalIgnoreCase) && File.Exists(path))
            {
                await foreach (var picture in InTar(path, cancellationToken).ConfigureAwait(false))
                {
                    yield return picture;
                }

                continue;
            }

            foreach (var file in Directory.Exists(path) ? InFolder(path) : [path])
            {
                yield return await OfFile(file, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static IEnumerable<string> InFolder(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => !Path.GetFileName(file).StartsWith('.') && IsPicture(Path.GetExtension(file)))
            .Order(StringComparer.Ordinal);

    private static bool IsPicture(string extension) => ImageDecoder.Extensions.Contains(extension.TrimStart('.'), StringComparer.OrdinalIgnoreCase);

    private static async Task<UserPicture> OfFile(string path, CancellationToken cancellationToken)
    {
        try
        {
            return new UserPicture(path, await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var isMissing = e is FileNotFoundException or DirectoryNotFoundException;
            return new UserPicture(path, [], isMissing
                ? new InputException(path, "is not there.", "Name a picture, a folder of pictures, or a WebDataset tar.", e)
                : new InputException(path, $"cannot be read ({e.Message.TrimEnd('.')}).", "Check your rights to it.", e));
        }
    }

    private static async IAsyncEnumerable<UserPicture> InTar(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = File.OpenRead(path);
        await using var disposal = stream.ConfigureAwait(false);
        var samples = new ShardReader(stream, path).Read(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var enumeration = samples.ConfigureAwait(false);
        while (true)
        {
            UserPicture? damaged = null;
            try
            {
                if (!await samples.MoveNextAsync().ConfigureAwait(false))
                {
                    yield break;
                }
            }
            catch (InputException problem)
            {
                damaged = new UserPicture(path, [], problem); // nothing behind the damage can be found
            }

            if (damaged is not null)
            {
                yield return damaged;
                yield break;
            }

            foreach (var (extension, content) in samples.Current.Members.Where(member => IsPicture(member.Key)).OrderBy(member => member.Key, StringComparer.Ordinal))
            {
                yield return new UserPicture($"{path}: {samples.Current.Key}.{extension}", content, null);
            }
        }
    }
}

/// <summary>A picture's bytes, or why there are none.</summary>
internal sealed record UserPicture(string Name, byte[] Encoded, InputException? Problem);
