namespace GmailCluster.Grains;

/// <summary>How busy a node is.</summary>
/// <param name="Slots">Compute slots.</param>
/// <param name="BusySlots">Slots that work.</param>
/// <param name="WaitingWork">Pieces of work that wait for a slot.</param>
/// <param name="MemoryBytes">Memory of the process, native included.</param>
/// <param name="MemoryLimitBytes">What it may take: the container's limit, else the machine's memory.</param>
/// <param name="Cores">Cores that it sees.</param>
/// <param name="IsDraining">It takes no new work and hands over what it has.</param>
[GenerateSerializer, Immutable, Alias("gmail.node-load")]
public sealed record NodeLoad(
    [property: Id(0)] int Slots,
    [property: Id(1)] int BusySlots,
    [property: Id(2)] int WaitingWork,
    [property: Id(3)] long MemoryBytes,
    [property: Id(4)] long MemoryLimitBytes,
    [property: Id(5)] int Cores,
    [property: Id(6)] bool IsDraining = false);
