using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Storage;

/// <summary>Opens the store that a location names.</summary>
public static class ObjectStores
{
    /// <summary>
    /// Opens a folder (a path or a <c>file://</c> URL) or a container of Azure Blob Storage (<c>azure://account/container/prefix</c>). Nothing is
    /// sent or written until the first use.
    /// </summary>
    /// <param name="location">The location as the user wrote it.</param>
    /// <exception cref="InputException">The location is empty, its scheme is not known, or its connection string is another account's.</exception>
    public static IObjectStore Open(string location) => Open(location, Environment.GetEnvironmentVariable);

    /// <summary>True for a location that is a URL, not a path.</summary>
    public static bool IsUrl(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        return location.Contains("://", StringComparison.Ordinal);
    }

    internal static IObjectStore Open(string location, Func<string, string?> environment)
    {
        if (string.IsNullOrWhiteSpace(location) || location.Contains('\0', StringComparison.Ordinal))
        {
            throw new InputException("store", $"'{location}' names no location.", "Give a folder such as ./runs, or azure://account/container/prefix.");
        }

        var scheme = location.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            return new FolderObjectStore(location);
        }

        if (location.StartsWith(AzureLocation.Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return new AzureObjectStore(AzureLocation.Parse(location), new AzureStoreSettings(), environment);
        }

        if (!location.StartsWith("file://", StringComparison.OrdinalIgnoreCase))
        {
            throw new InputException(
                "store", $"'{location}' has the unknown scheme '{location[..scheme]}'.", "Give a folder path, a file:// URL or azure://account/container/prefix.");
        }

        if (!Uri.TryCreate(location, UriKind.Absolute, out var url) || url.Host.Length > 0 || url.LocalPath is "" or "/")
        {
            throw new InputException(
                "store", $"'{location}' names no folder of this machine.", "Write three slashes and an absolute path: file:///data/store.");
        }

        return new FolderObjectStore(url.LocalPath);
    }
}
