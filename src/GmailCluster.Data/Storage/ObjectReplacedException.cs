using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>An object was overwritten or removed between two reads of one version: begin again with the new one.</summary>
public sealed class ObjectReplacedException(string location, string key, Exception? inner = null)
    : GmailClusterException($"{location}: {key}", "was overwritten while it was being read.", "Read it again.", inner);
