namespace GmailCluster.Shards;

/// <summary>What appending a shard to a leaf did.</summary>
public enum AppendResult
{
    /// <summary>The entry is new.</summary>
    Appended,

    /// <summary>The same shard with the same content was there: nothing to do.</summary>
    AlreadyThere,

    /// <summary>The shard is there with other content, which a deterministic generation never makes: refused.</summary>
    DifferentContent,
}
