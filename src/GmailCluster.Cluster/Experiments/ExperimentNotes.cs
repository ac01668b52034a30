using GmailCluster.Data.Storage;
using GmailCluster.Experiments;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Experiments;

/// <summary>
/// What an experiment tells beside its state: events and summary. A store that takes neither must not end an experiment that it
/// still takes results of, so a failure is logged and tried again, with pauses.
/// </summary>
internal sealed partial class ExperimentNotes(IObjectStore store, ExperimentJournal journal, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private ExperimentSummary? _written;
    private DateTimeOffset _notBefore;

    public ExperimentJournal Journal => journal;

    /// <summary>Writes what is new, unless that failed a moment ago.</summary>
    public Task WriteNowAndThen(ExperimentSummary summary, CancellationToken cancellationToken) =>
        time.GetUtcNow() < _notBefore ? Task.CompletedTask : Write(summary, cancellationToken);

    /// <summary>Writes what is new.</summary>
    public async Task Write(ExperimentSummary summary, CancellationToken cancellationToken)
    {
        try
        {
            if (!await journal.Write(cancellationToken))
            {
                throw new InvalidOperationException("the events were written by another activation.");
            }

            if (summary != _written)
            {
                await store.PutJson(ExperimentSummary.ObjectKey(summary.Id), summary, PutCondition.Always, cancellationToken);
                _written = summary;
            }
        }
#pragma warning disable CA1031 // See the summary.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            _notBefore = time.GetUtcNow() + Pause;
            LogNotWritten(summary.Id, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Experiment}: its events and summary could not be written: {Reason} Tried again in 10 s")]
    private partial void LogNotWritten(string experiment, string reason);
}
