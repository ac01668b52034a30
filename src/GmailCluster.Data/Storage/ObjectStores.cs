using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Storage;

/// <summary>Opens the store that a location names.</summary>
public static class ObjectStores
{
    /// <summary>Opens a folder (a path or a <c>file://</c> URL). Nothing is written until the first write.</summary>
    /// <param name="location">The location as the user wrote it.</param>
    /// <exception cref="InputException">The location is empty, or its scheme is not known.</exception>
    public static IObjectStore Open(string location)
    {
        if (string.IsNullOrWhiteSpace(location) || location.Contains('\0', StringComparison.Ordinal))
        {
            throw new InputException("store", $"'{location}' names no location.", "Give a folder such as ./runs.");
        }

        var scheme = location.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            return new FolderObjectStore(location);
        }

        if (!location.StartsWith("file://", StringComparison.OrdinalIgnoreCase))
        {
            throw new InputException(
                "store", $"'{location}' has the unknown scheme '{location[..scheme]}'.", "Give a folder path or a file:// URL.");
        }

        if (!Uri.TryCreate(location, UriKind.Absolute, out var url) || url.Host.Length > 0 || url.LocalPath is "" or "/")
        {
            throw new InputException(
                "store", $"'{location}' names no folder of this machine.", "Write three slashes and an absolute path: file:///data/store.");
        }

        return new FolderObjectStore(url.LocalPath);
    }
}
