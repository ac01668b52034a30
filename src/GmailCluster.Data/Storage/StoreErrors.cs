using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>What the file system refused, told so that a person can act on it.</summary>
internal static class StoreErrors
{
    // The runtime hands a raw errno through as HResult where it has no exception type of its own (Linux numbers).
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static bool IsFileSystemError(Exception e) => e is IOException or UnauthorizedAccessException;

    public static GmailClusterException Translate(string location, string key, Exception cause)
    {
        var where = key.Length == 0 ? location : $"{location}: {key}";
        if (FileInPlaceOfFolder(location) is { } file)
        {
            return new InputException(location, file == location ? "is a file, and a store is a folder." : $"lies under {file}, which is a file.", "Name another folder.", cause);
        }

        return cause switch
        {
            UnauthorizedAccessException => new GmailClusterException(
                where, "permission was denied.", $"Give this user read and write permission on {location}, or choose another store.", cause),
            { HResult: NoSpace or QuotaExceeded or WindowsDiskFull } => new GmailClusterException(
                where, "could not be written: the disk or quota is full.", $"Free space under {location}, or choose another store, and run again.", cause),
            { HResult: ReadOnlyFileSystem } => new GmailClusterException(
                where, "could not be written: the file system is read-only.", "Choose a store on a writable disk.", cause),
            DirectoryNotFoundException or FileNotFoundException when !Directory.Exists(location) => new GmailClusterException(
                where, "the folder cannot be made there.", "Name a folder on an ordinary disk.", cause),
            PathTooLongException => new GmailClusterException(
                where, "the name is too long for this file system.", "Choose a store with a shorter path, or a shorter name.", cause),
            _ => new GmailClusterException(
                where, $"the file system refused: {cause.Message.TrimEnd('.')}.", $"Check {location} and its disk.", cause),
        };
    }

    private static string? FileInPlaceOfFolder(string location)
    {
        for (var path = location; !string.IsNullOrEmpty(path); path = Path.GetDirectoryName(path))
        {
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
