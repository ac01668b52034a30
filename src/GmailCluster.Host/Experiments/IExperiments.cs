using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Grains;
using GmailCluster.Specs;
using GmailCluster.Stages;

namespace GmailCluster.Host.Experiments;

/// <summary>
/// What a client does with a cluster's experiments: by grain calls from within its network, or through the API from outside.
/// Ids are as <see cref="IExperimentShelf.Find"/> gives them.
/// </summary>
public interface IExperiments
{
    /// <summary>What can be said of experiments without the cluster.</summary>
    IExperimentShelf Shelf { get; }

    /// <summary>
    /// Plans a spec, brings what it names into the store and hands it to the cluster, which goes on without the caller. Submitting
    /// an experiment that runs changes nothing; one that ended begins again with what is missing.
    /// </summary>
    /// <param name="loaded">The spec; its files are on this machine.</param>
    /// <param name="onProgress">Told in words of what is sent.</param>
    /// <param name="cancellationToken">Ends the sending; what was sent stays.</param>
    /// <returns>The experiment's id: the same that <c>run</c> gives it.</returns>
    Task<string> Submit(LoadedSpec loaded, Action<string> onProgress, CancellationToken cancellationToken);

    /// <summary>How an experiment stands.</summary>
    Task<ExperimentStatus> Status(string id, CancellationToken cancellationToken);

    /// <summary>An experiment's stage graph; empty when it was never submitted to a cluster.</summary>
    Task<IReadOnlyList<Stage>> Stages(string id, CancellationToken cancellationToken);

    /// <summary>How an experiment stands, again and again until it has ended.</summary>
    IAsyncEnumerable<ExperimentStatus> Watch(string id, CancellationToken cancellationToken);

    /// <summary>What happened after an event, oldest first, at most <see cref="ExperimentEvent.PageSize"/>.</summary>
    /// <param name="id">The experiment.</param>
    /// <param name="after">Number of the last event known; 0 for all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<IReadOnlyList<ExperimentEvent>> Events(string id, long after, CancellationToken cancellationToken);

    /// <summary>What happened after an event and what happens from now on, until the experiment has ended.</summary>
    IAsyncEnumerable<ExperimentEvent> Follow(string id, long after, CancellationToken cancellationToken);

    /// <summary>Stops an experiment at its stages' next safe point. One that has ended stays as it is.</summary>
    Task Cancel(string id, CancellationToken cancellationToken);

    /// <summary>Goes on with an experiment that failed or was cancelled, from what is in the store.</summary>
    /// <exception cref="InputException">It was run by <c>run</c>, never submitted.</exception>
    Task Resume(string id, CancellationToken cancellationToken);
}
