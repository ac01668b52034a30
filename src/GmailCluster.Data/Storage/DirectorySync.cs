using System.Runtime.InteropServices;
using System.Text;

namespace GmailCluster.Data.Storage;

/// <summary>
/// Makes a rename durable: on POSIX a new name survives a power cut only after its folder is flushed, and .NET opens no folders.
/// </summary>
internal static class DirectorySync
{
    private const int OpenReadOnly = 0;

    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals renames
        }

        var descriptor = Open(Encoding.UTF8.GetBytes(folder + '\0'), OpenReadOnly);
        if (descriptor < 0)
        {
            return; // removed by a concurrent delete: nothing left to keep
        }

        try
        {
            // Network file systems answer EINVAL: they have no folder flush, and the rename itself went to the server.
            _ = Sync(descriptor);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
