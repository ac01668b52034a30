using GmailCluster.Keys;
using Orleans.Concurrency;

namespace GmailCluster.Grains;

/// <summary>One silo's work force. Key: the silo's address; it lives on that silo and nowhere else.</summary>
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

    /// <summary>Ends the steps of a run under older generation numbers and says what the node has of it. Asking again says it again.</summary>
    [Alias("PrepareRun"), AlwaysInterleave]
    Task<RunReport> PrepareRun(ArtifactKey run, long generationNumber, CancellationToken cancellationToken);

    /// <summary>Loads a run's model, data and state. Asking again waits for the same loading.</summary>
    [Alias("LoadRun"), AlwaysInterleave]
    Task<LoadAnswer> LoadRun(LoadOrder order, CancellationToken cancellationToken);

    /// <summary>Asks all silos of a run to stop after the step in flight or the next. Of another generation number it is ignored.</summary>
    [Alias("HoldRun"), AlwaysInterleave]
    Task HoldRun(ArtifactKey run, long generationNumber, CancellationToken cancellationToken);

    /// <summary>Writes a finished run's files and record. Asking again finds them written.</summary>
    [Alias("FinishRun"), AlwaysInterleave]
    Task<FinishAnswer> FinishRun(FinishOrder order, CancellationToken cancellationToken);

    /// <summary>Ends a run on this node and frees what it holds. Of an older generation number it is ignored.</summary>
    /// <param name="run">The run.</param>
    /// <param name="generationNumber">The newest plan of whoever asks.</param>
    /// <param name="saveState">First write what has been trained since the last checkpoint.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [Alias("CloseRun"), AlwaysInterleave]
    Task CloseRun(ArtifactKey run, long generationNumber, bool saveState, CancellationToken cancellationToken);

    /// <summary>How far a run is on this node; null when the node does not hold it.</summary>
    [Alias("GetRunProgress"), AlwaysInterleave]
    Task<RunProgress?> GetRunProgress(ArtifactKey run, CancellationToken cancellationToken);

    /// <summary>Takes no new work and hands over what it has at the next step's end. Returns when all is handed over.</summary>
    [Alias("Drain"), AlwaysInterleave]
    Task Drain(CancellationToken cancellationToken);

    /// <summary>How busy the node is, for people.</summary>
    [Alias("GetLoad"), AlwaysInterleave]
    Task<NodeLoad> GetLoad(CancellationToken cancellationToken);

    /// <summary>A run's steps as this node has seen them, in at most so many points; null when the run is not open here.</summary>
    [Alias("GetTimeline"), AlwaysInterleave]
    Task<RunTimeline?> GetTimeline(ArtifactKey run, int points, CancellationToken cancellationToken);
}

/// <summary>What a node offers.</summary>
/// <param name="Silo">Its address.</param>
/// <param name="Slots">Compute slots.</param>
/// <param name="IsDraining">It takes no new work.</param>
[GenerateSerializer, Immutable, Alias("gmail.node-capacity")]
public sealed record NodeCapacity([property: Id(0)] string Silo, [property: Id(1)] int Slots, [property: Id(2)] bool IsDraining = false);
