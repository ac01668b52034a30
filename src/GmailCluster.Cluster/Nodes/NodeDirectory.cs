using Orleans.GrainDirectory;

namespace GmailCluster.Cluster.Nodes;

/// <summary>
/// Where the grains of <see cref="NodePlacement"/> are: their keys say it, so nobody is asked and nothing is kept. Orleans' own
/// directory has a part on every silo, and a silo that is dead or cut off would keep ranks of all others from beginning.
/// </summary>
internal sealed class NodeDirectory : IGrainDirectory
{
    public const string Name = "node";

    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    /// <summary>Nothing: the placement then reads the key.</summary>
    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult<GrainAddress?>(null);

    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}
