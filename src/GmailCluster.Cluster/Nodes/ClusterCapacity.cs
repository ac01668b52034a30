using GmailCluster.Grains;
using Orleans.Runtime.Placement;

namespace GmailCluster.Cluster.Nodes;

/// <summary>What the cluster's silos offer, as they said within the last second; a silo that does not answer offers nothing for now.</summary>
internal sealed class ClusterCapacity(IGrainFactory grains, ISiloStatusOracle silos, TimeProvider time)
{
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<SiloAddress, (int Slots, long At)> _said = [];

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
            if (_said.TryGetValue(silo, out var said) && time.GetElapsedTime(said.At) < Age)
            {
                return said.Slots;
            }
        }

        try
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
            var capacity = await grains.GetGrain<INodeGrain>(silo.ToParsableString()).GetCapacity(cancellationToken);
            lock (_lock)
            {
                _said[silo] = (capacity.Slots, time.GetTimestamp());
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
