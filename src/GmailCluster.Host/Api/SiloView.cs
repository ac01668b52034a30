namespace GmailCluster.Host.Api;

/// <summary>A silo as the cluster sees it.</summary>
internal sealed record SiloView
{
    /// <summary>Its address in the cluster, as plans name it.</summary>
    public required string Address { get; init; }

    /// <summary><c>IP:PORT</c> that other silos reach it by.</summary>
    public required string Name { get; init; }

    /// <summary>Its machine or pod.</summary>
    public string? Host { get; init; }

    /// <summary>Whether it takes work.</summary>
    public required SiloPhase Phase { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it last said that it lives.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    /// <summary>Compute slots; null when it does not answer.</summary>
    public int? Slots { get; init; }

    /// <summary>Slots that work.</summary>
    public int? BusySlots { get; init; }

    /// <summary>Pieces of work that wait for a slot.</summary>
    public int? WaitingWork { get; init; }

    /// <summary>Memory of the process, in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>What it may take, in bytes: the container's limit, else the machine's memory.</summary>
    public long? MemoryLimitBytes { get; init; }

    /// <summary>Cores that it sees.</summary>
    public int? Cores { get; init; }
}

/// <summary>Whether a silo takes work.</summary>
internal enum SiloPhase
{
    /// <summary>It starts.</summary>
    Joining,

    /// <summary>It takes work.</summary>
    Active,

    /// <summary>It hands over and goes.</summary>
    Leaving,

    /// <summary>It left, or the others gave it up.</summary>
    Gone,
}

/// <summary>Silos, those that are gone last.</summary>
/// <param name="Items">The silos.</param>
internal sealed record SiloList(IReadOnlyList<SiloView> Items);
