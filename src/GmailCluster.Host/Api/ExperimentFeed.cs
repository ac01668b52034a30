using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using GmailCluster.Cluster.Stages;
using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Host.Experiments;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Host.Api;

/// <summary>What requests ask of experiments, asked of store and cluster once for all who ask at the same time.</summary>
internal sealed partial class ExperimentFeed(ClusterLink link, IObjectStore store, TimeProvider time)
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private readonly ExperimentShelf _shelf = new(store);
    private readonly ShortMemory<IReadOnlyList<ExperimentSummary>> _lists = new(TimeSpan.FromSeconds(1), time);
    private readonly ShortMemory<ExperimentView> _views = new(Period / 2, time);
    private readonly ShortMemory<IReadOnlyList<Stage>> _stages = new(TimeSpan.FromSeconds(5), time);
    private readonly ShortMemory<ArtifactList> _artifacts = new(TimeSpan.FromSeconds(2), time);

    /// <summary>What the store says.</summary>
    public ExperimentShelf Shelf => _shelf;

    /// <summary>The experiment that a word means: its id, or the beginning of exactly one.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public async Task<string> Find(string word, CancellationToken cancellationToken)
    {
        if (!Id().IsMatch(word))
        {
            throw ApiException.NotFound("the experiment", "has no such id.", "An id is a name, a hyphen and eight digits: GET /api/experiments lists them.");
        }

        if (!word.EndsWith('.') && await store.Stat(ExperimentShelf.SpecKey(word), cancellationToken).ConfigureAwait(false) is not null)
        {
            return word;
        }

        try
        {
            return await _shelf.Find(word, cancellationToken).ConfigureAwait(false);
        }
        catch (InputException e)
        {
            throw ApiException.NotFound(e.Where, e.Problem, e.Remedy, e);
        }
    }

    public Task<IReadOnlyList<ExperimentSummary>> List(CancellationToken cancellationToken) =>
        _lists.Get("", () => _shelf.List(CancellationToken.None), cancellationToken);

    public Task<ExperimentView> View(string id, CancellationToken cancellationToken) => _views.Get(id, () => ReadView(id), cancellationToken);

    /// <summary>An experiment's stages, which hardly ever change.</summary>
    public Task<IReadOnlyList<Stage>> Stages(string id, CancellationToken cancellationToken) =>
        _stages.Get(id, () => link.Experiments.Stages(id, CancellationToken.None), cancellationToken);

    /// <summary>A stage of an experiment.</summary>
    /// <exception cref="ApiException">It has no such stage.</exception>
    public async Task<Stage> Stage(string id, string key, CancellationToken cancellationToken) =>
        (await Stages(id, cancellationToken).ConfigureAwait(false)).FirstOrDefault(stage => stage.Key.Value == key)
        ?? throw ApiException.NotFound(id, $"has no stage with that key.", $"GET /api/experiments/{id} lists its stages.");

    /// <summary>Somebody has changed an experiment: who asks after that sees it.</summary>
    public void Forget(string id)
    {
        _views.Forget(id);
        _stages.Forget(id);
        _lists.Forget("");
    }

    public Task<ArtifactList> Artifacts(string id, CancellationToken cancellationToken) => _artifacts.Get(id, () => ReadArtifacts(id), cancellationToken);

    /// <summary>
    /// How an experiment stands whenever that changes, and what happens, until it has ended: <c>status</c>, <c>event</c> with the
    /// event's number as id, and last <c>end</c>. A cluster that does not answer for a while is a <c>problem</c>, not an end.
    /// </summary>
    public async IAsyncEnumerable<SseItem<string>> Stream(string id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        var (said, saidAt) = ("", time.GetTimestamp());
        var hasEnded = false;
        do
        {
            var (view, events, problem) = await Look(id, after, cancellationToken).ConfigureAwait(false);
            var (kind, text) = problem is null ? ("status", JsonSerializer.Serialize(view, ApiJson.Options)) : ("problem", JsonSerializer.Serialize(problem.Message, ApiJson.Options));
            if (text != said || time.GetElapsedTime(saidAt) > Heartbeat)
            {
                yield return new SseItem<string>(text, kind);
                (said, saidAt) = (text, time.GetTimestamp());
            }

            foreach (var happened in events)
            {
                after = happened.Number;
                yield return new SseItem<string>(JsonSerializer.Serialize(EventView.Of(happened), ApiJson.Options), "event")
                {
                    EventId = happened.Number.ToString(System.Globalization.CultureInfo.InvariantCulture),
                };
            }

            // Events of the last look may be a page of more: the end waits for the rest.
            hasEnded = view is not null && view.Phase is not StagePhase.Running && events.Count < ExperimentEvent.PageSize;
        }
        while (!hasEnded && await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));

        yield return new SseItem<string>("{}", "end");
    }

    private async Task<(ExperimentView? View, IReadOnlyList<ExperimentEvent> Events, GmailClusterException? Problem)> Look(string id, long after, CancellationToken cancellationToken)
    {
        try
        {
            // Asked before the events: whatever it had done by its end is then among them.
            var view = await View(id, cancellationToken).ConfigureAwait(false);
            return (view, await link.Experiments.Events(id, after, cancellationToken).ConfigureAwait(false), null);
        }
        catch (GmailClusterException e)
        {
            return (null, [], e);
        }
    }

    private async Task<ExperimentView> ReadView(string id)
    {
        var status = await link.Experiments.Status(id, CancellationToken.None).ConfigureAwait(false);
        var stages = await Stages(id, CancellationToken.None).ConfigureAwait(false);
        if (stages.Count != status.Stages.Count)
        {
            stages = await link.Experiments.Stages(id, CancellationToken.None).ConfigureAwait(false); // submitted this moment
        }

        return ExperimentView.Of(id, status, stages);
    }

    private async Task<ArtifactList> ReadArtifacts(string id)
    {
        var stages = await Stages(id, CancellationToken.None).ConfigureAwait(false);
        var records = await Task.WhenAll(stages.Select(stage => StageRecords.Read(store, stage.Key, CancellationToken.None))).ConfigureAwait(false);
        return new ArtifactList([.. records.OfType<StageRecord>().SelectMany(record => record.Files.Select(file =>
            new ArtifactView(record.Title, file.ObjectKey, file.LengthBytes, file.Sha256)))]);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex Id();
}
