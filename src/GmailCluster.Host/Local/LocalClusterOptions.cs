namespace GmailCluster.Host.Local;

/// <summary>What <c>up</c> starts.</summary>
public sealed record LocalClusterOptions
{
    /// <summary>The store: a folder or URL.</summary>
    public required string Store { get; init; }

    /// <summary>How many silos.</summary>
    public required int SiloCount { get; init; }

    /// <summary>Compute slots of each silo.</summary>
    public required int SlotsPerSilo { get; init; }

    /// <summary>Folder that silos fetch models into.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>How to start this program again: the program and its first arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }
}
