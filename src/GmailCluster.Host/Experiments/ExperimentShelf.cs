using GmailCluster.Cluster.Experiments;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Reporting.Export;
using GmailCluster.Results;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Host.Experiments;

/// <summary>The experiments that a store holds: what can be said of them without a cluster.</summary>
/// <param name="store">The store.</param>
public sealed class ExperimentShelf(IObjectStore store) : IExperimentShelf
{
    private const string Prefix = "experiments/";

    /// <summary>Where an experiment's spec is.</summary>
    public static string SpecKey(string id) => $"{Prefix}{id}/spec.yaml";

    /// <summary>Where an experiment's figures are.</summary>
    public static string ResultsKey(string id) => $"{Prefix}{id}/results.json";

    /// <summary>Where an experiment's report is.</summary>
    public static string ReportKey(string id) => $"{Prefix}{id}/report.html";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ExperimentSummary>> List(CancellationToken cancellationToken)
    {
        var summaries = new List<ExperimentSummary>();
        foreach (var id in await Ids(cancellationToken).ConfigureAwait(false))
        {
            if ((await store.TryReadJson<ExperimentSummary>(ExperimentSummary.ObjectKey(id), cancellationToken).ConfigureAwait(false))?.Value is { } summary)
            {
                summaries.Add(summary);
            }
        }

        return [.. summaries.OrderByDescending(summary => summary.SubmittedAt).ThenBy(summary => summary.Id, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public async Task<string> Find(string word, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(word);
        var ids = await Ids(cancellationToken).ConfigureAwait(false);
        if (ids.Contains(word))
        {
            return word;
        }

        var begun = ids.Where(id => id.StartsWith(word, StringComparison.Ordinal)).ToArray();
        return begun switch
        {
            [var only] when word.Length > 0 => only,
            [_, _, ..] when word.Length > 0 => throw new InputException(word, $"is the beginning of {begun.Length} experiments: {string.Join(", ", begun.Take(3))}{(begun.Length > 3 ? " ..." : "")}.", "Write more of it."),
            _ when ids.Count == 0 => throw new InputException(word, $"is no experiment: {store.Location} has none yet.", "Submit one, or name another store with --store."),
            _ => throw new InputException(
                word, $"is no experiment of {store.Location}.", Nearest.To(word, ids) is { } near ? $"Did you mean {near}?" : "'gmailcluster status' lists them."),
        };
    }

    /// <inheritdoc/>
    /// <remarks>As far as the store knows.</remarks>
    public async Task<IReadOnlyList<ExperimentEvent>> Events(string id, long after, CancellationToken cancellationToken)
    {
        var journal = await ExperimentJournal.Open(store, id, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        return [.. journal.Events.Where(happened => happened.Number > after)];
    }

    /// <inheritdoc/>
    public async Task<ExperimentResults> Results(string id, CancellationToken cancellationToken)
    {
        var stream = await Open(ResultsKey(id), id, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            return ResultsFile.Read(stream, ResultsKey(id));
        }
    }

    /// <inheritdoc/>
    public Task<Stream> OpenReport(string id, CancellationToken cancellationToken) => Open(ReportKey(id), id, cancellationToken);

    /// <inheritdoc/>
    public string LocationOfReport(string id) => store.LocationOf(ReportKey(id));

    /// <summary>A file that a finished experiment leaves. The caller disposes the stream.</summary>
    /// <exception cref="InputException">There is none: it is not done.</exception>
    internal async Task<Stream> Open(string key, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await store.OpenRead(key, 0, null, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectNotFoundException e)
        {
            var phase = (await store.TryReadJson<ExperimentSummary>(ExperimentSummary.ObjectKey(id), cancellationToken).ConfigureAwait(false))?.Value.Phase;
            throw new InputException(id, $"has no results: it {Word(phase)}.", $"'gmailcluster status {id}' says how it stands.", e);
        }
    }

    private static string Word(StagePhase? phase) => phase switch
    {
        StagePhase.Running => "still runs",
        StagePhase.Failed => "failed",
        StagePhase.Cancelled => "was cancelled",
        _ => "has not run to its end",
    };

    private async Task<IReadOnlyList<string>> Ids(CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        await foreach (var item in store.List(Prefix, cancellationToken).ConfigureAwait(false))
        {
            if (item.Key.Split('/') is [_, var id, "spec.yaml"])
            {
                ids.Add(id);
            }
        }

        return ids;
    }
}
