using System.Security.Cryptography;

namespace GmailCluster.Data.Storage;

/// <summary>A file of the local temporary folder that vanishes with its stream: content whose hash or length has to be known first.</summary>
internal static class SpoolFile
{
    public static FileStream Create()
    {
        var path = Path.Combine(Path.GetTempPath(), $"gmailcluster-{Guid.NewGuid():n}");
        try
        {
            return new FileStream(
                path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (StoreErrors.IsFileSystemError(e))
        {
            throw StoreErrors.Translate(Path.GetTempPath(), "", e);
        }
    }

    /// <summary>Lets something write into the file, then rewinds it. Failures of the disk are told as such.</summary>
    public static async Task<FileStream> Filled(Func<Stream, Task> fill)
    {
        var file = Create();
        try
        {
            await fill(file).ConfigureAwait(false);
            await file.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            file.Position = 0;
            return file;
        }
        catch (Exception e)
        {
            await file.DisposeAsync().ConfigureAwait(false);
            if (StoreErrors.IsFileSystemError(e))
            {
                throw StoreErrors.Translate(Path.GetTempPath(), "", e);
            }

            throw;
        }
    }

    /// <summary>Hashes from the start to the end, and rewinds.</summary>
    public static async Task<string> Hash(FileStream file, CancellationToken cancellationToken)
    {
        file.Position = 0;
        var hash = await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false);
        file.Position = 0;
        return Convert.ToHexStringLower(hash);
    }
}
