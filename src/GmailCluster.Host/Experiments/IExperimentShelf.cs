using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Results;

namespace GmailCluster.Host.Experiments;

/// <summary>What can be said of experiments without asking a cluster: by whoever reads its store, or through the API.</summary>
public interface IExperimentShelf
{
    /// <summary>Every experiment, the last submitted first.</summary>
    Task<IReadOnlyList<ExperimentSummary>> List(CancellationToken cancellationToken);

    /// <summary>The id that a user means: an id, or the beginning of exactly one.</summary>
    /// <exception cref="InputException">There is no such experiment; the message names the nearest.</exception>
    Task<string> Find(string word, CancellationToken cancellationToken);

    /// <summary>What happened to an experiment after an event; all of it, however much.</summary>
    Task<IReadOnlyList<ExperimentEvent>> Events(string id, long after, CancellationToken cancellationToken);

    /// <summary>The figures of a finished experiment.</summary>
    /// <exception cref="InputException">It has none: it is not done.</exception>
    Task<ExperimentResults> Results(string id, CancellationToken cancellationToken);

    /// <summary>The report of a finished experiment, HTML. The caller disposes the stream.</summary>
    /// <exception cref="InputException">It has none: it is not done.</exception>
    Task<Stream> OpenReport(string id, CancellationToken cancellationToken);

    /// <summary>Where a finished experiment's report is, for people.</summary>
    string LocationOfReport(string id);
}
