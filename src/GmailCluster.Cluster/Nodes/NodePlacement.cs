using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace GmailCluster.Cluster.Nodes;

/// <summary>Places a grain on the silo that its key names after the last '/', and nowhere else.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("gmail.node-placement")]
public sealed class NodePlacement : PlacementStrategy;

/// <inheritdoc cref="NodePlacement"/>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NodePlacementAttribute() : PlacementAttribute(new NodePlacement());

/// <summary>Refuses when the silo is not there: a node's grain anywhere else would speak for a machine that it does not see.</summary>
internal sealed class NodePlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var key = target.GrainIdentity.Key.ToString()!;
        var silo = SiloAddress.FromParsableString(key[(key.LastIndexOf('/') + 1)..]);
        return context.GetCompatibleSilos(target).Contains(silo)
            ? Task.FromResult(silo)
            : throw new SiloUnavailableException($"The node {silo} is not in the cluster.");
    }
}
