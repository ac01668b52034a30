using GmailCluster.Keys;
using GmailCluster.Learning.Training;

namespace GmailCluster.Learning.Exchange;

/// <summary>A silo's way to the others for what is too large or too frequent for grain calls: gradients, embeddings, replicas' state.</summary>
public interface IDataPlane
{
    /// <summary>Where other silos reach this one, <c>host:port</c>.</summary>
    string Address { get; }

    /// <summary>
    /// Meets the other members of a plan. Returns when all are connected; every member joins, in any order. Joining a newer
    /// generation number of a run ends the exchange of an older one.
    /// </summary>
    /// <exception cref="PeerLostException">A member could not be reached or did not come within the time limit.</exception>
    Task<IRunExchange> Join(ExchangePlan plan, CancellationToken cancellationToken);

    /// <summary>Lets other silos ask for a run's state while the returned registration lives; the source answers null when it has none.</summary>
    IDisposable Offer(ArtifactKey run, Func<TrainingState?> state);

    /// <summary>Streams a run's state from the silo at an address; null when that silo has none.</summary>
    /// <exception cref="PeerLostException">The silo could not be reached, or sent something else.</exception>
    Task<TrainingState?> Fetch(string address, ArtifactKey run, CancellationToken cancellationToken);
}
