namespace GmailCluster.Cluster.Training;

/// <summary>What outlives a run's owner.</summary>
internal interface IRunLedger
{
    /// <summary>The generation number that was raised last.</summary>
    long GenerationNumber { get; }

    /// <summary>Raises the generation number, in the store before it returns. Throws when another owner has raised it.</summary>
    Task<long> RaiseGeneration(CancellationToken cancellationToken);

    /// <summary>Steps of the newest committed checkpoint; null when there is none.</summary>
    Task<int?> FindNewestCheckpoint(CancellationToken cancellationToken);

    /// <summary>Notes an event, in words.</summary>
    void Tell(string text);
}
