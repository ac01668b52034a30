using GmailCluster.Keys;

namespace GmailCluster.Grains;

/// <summary>One silo's work force. Key: the silo's address; it lives on that silo.</summary>
[Alias("gmail.INodeGrain")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>Asks the node to lease shards of a generation until none is left. Asking again while it does changes nothing.</summary>
    /// <returns>The leases that the node works on: by this they stay its own.</returns>
    [Alias("PullShards")]
    Task<IReadOnlyList<ShardLease>> PullShards(ArtifactKey generation, CancellationToken cancellationToken);

    /// <summary>How much the node can do at once.</summary>
    [Alias("GetCapacity")]
    Task<NodeCapacity> GetCapacity(CancellationToken cancellationToken);
}

/// <summary>What a node offers.</summary>
/// <param name="Silo">Its address.</param>
/// <param name="Slots">Compute slots.</param>
[GenerateSerializer, Immutable, Alias("gmail.node-capacity")]
public sealed record NodeCapacity([property: Id(0)] string Silo, [property: Id(1)] int Slots);
