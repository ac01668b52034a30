using System.Globalization;

namespace GmailCluster.Data.Storage;

/// <summary>
/// An object of a folder store. A write replaces the file by a rename, so the open file stays the version that it was.
/// </summary>
internal sealed class VersionedFileStream(string path)
    : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.Asynchronous), IVersionedStream
{
    public string ETag => Of(File.GetLastWriteTimeUtc(SafeFileHandle), Length);

    /// <summary>The ETag of a file with these properties.</summary>
    public static string Of(DateTime lastWriteTime, long length) => string.Create(CultureInfo.InvariantCulture, $"{lastWriteTime.Ticks:x}-{length:x}");
}
