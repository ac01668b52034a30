namespace GmailCluster.Cluster.Exchange;

/// <summary>How a member was lost: a tag of the metric.</summary>
internal enum Loss
{
    /// <summary>The connection ended.</summary>
    Broken,

    /// <summary>Nothing was heard for too long, or nothing read.</summary>
    Silent,

    /// <summary>It sent what no member would send.</summary>
    Garbage,
}
