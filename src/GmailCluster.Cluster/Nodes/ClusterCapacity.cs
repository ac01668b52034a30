using GmailCluster.Grains;
using Orleans.Runtime.Placement;

namespace GmailCluster.Cluster.Nodes;

/// <summary>What the cluster's silos offer, asked of each node once; a silo that does not answer offers nothing for now.</summary>
internal sealed class ClusterCapacity(IGrainFactory grains, ISiloStatusOracle silos)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SiloAddress, int> _slots = [];

    /// <summary>Compute slots of each active silo, in order of addresses.</summary>
    public async Task<IReadOnlyList<(SiloAddress Silo, int Slots)>> Slots(CancellationToken cancellationToken)
    {
        var capacities = new List<(SiloAddress, int)>();
        foreach (var silo in silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Order())
        {
            if (await SlotsOf(silo, cancellationToken) is { } slots)
            {
                capacities.Add((silo, slots));
            }
        }

        return capacities;
    }

    private async Task<int?> SlotsOf(SiloAddress silo, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_slots.TryGetValue(silo, out var known))
            {
                return known;
            }
        }

        try
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
            var capacity = await grains.GetGrain<INodeGrain>(silo.ToParsableString()).GetCapacity(cancellationToken);
            lock (_lock)
            {
                _slots[silo] = capacity.Slots;
            }

            return capacity.Slots;
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            return null;
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }
}
