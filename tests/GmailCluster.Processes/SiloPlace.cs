namespace GmailCluster.Processes;

/// <summary>Where a process of a cluster runs.</summary>
/// <param name="Address">The IP address that others reach it by.</param>
/// <param name="Enter">What is put before a command to run it there.</param>
internal sealed record SiloPlace(string Address, IReadOnlyList<string> Enter)
{
    /// <summary>This machine, for itself.</summary>
    public static SiloPlace Here { get; } = new("127.0.0.1", []);
}
