using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>An object of the store is not what its name or manifest says: truncated or altered. It can be made again.</summary>
public sealed class AlteredObjectException(string location, string key, string problem)
    : GmailClusterException($"{location}: {key}", problem, "It was truncated or altered: remove it and run the spec again to make it anew.")
{
    /// <summary>The object's key.</summary>
    public string Key { get; } = key;
}
