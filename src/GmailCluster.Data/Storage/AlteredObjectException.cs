using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>An object of the store is not what its name or manifest says: truncated or altered. It can be made again.</summary>
public sealed class AlteredObjectException(string location, string key, string problem)
    : GmailClusterException($"{location}: {key}", problem, Remove(key))
{
    /// <summary>The object's key.</summary>
    public string Key { get; } = key;

    // An artifact lies under <kind>/<artifact key>/; without its stage's record the stage runs again.
    private static string Remove(string key) => key.Split('/') is [var kind, var artifact, _, ..]
        ? $"It was truncated or altered: remove {kind}/{artifact}/ and stages/{artifact}.json, then run the spec again to make it anew."
        : "It was truncated or altered: remove it and run the spec again to make it anew.";
}
