using GmailCluster.Errors;

namespace GmailCluster.Storage;

/// <summary>An object that was to be read is not in the store.</summary>
public sealed class ObjectNotFoundException(string location, string key, Exception? inner = null)
    : GmailClusterException($"{location}: {key}", "is not in the store.", "It was removed, or never written: run the spec again to make it.", inner)
{
    /// <summary>The key asked for.</summary>
    public string Key { get; } = key;
}
