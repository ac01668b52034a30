using System.Text.Encodings.Web;
using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Keys;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cluster.Experiments;

/// <summary>
/// An experiment's events, in memory and as <c>events.jsonl</c>. There are hundreds, not millions, so the object is written
/// whole; each write replaces exactly the version written before, so an activation that was given up cannot drop lines of its successor.
/// </summary>
public sealed class ExperimentJournal
{
    private static readonly JsonSerializerOptions Line = new(StageJson.Options) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IObjectStore _store;
    private readonly string _key;
    private readonly TimeProvider _time;
    private readonly List<ExperimentEvent> _events;
    private string? _etag;
    private int _writtenCount;

    private ExperimentJournal(IObjectStore store, string key, TimeProvider time, List<ExperimentEvent> events, string? etag) =>
        (_store, _key, _time, _events, _etag, _writtenCount) = (store, key, time, events, etag, events.Count);

    /// <summary>Every event, oldest first.</summary>
    public IReadOnlyList<ExperimentEvent> Events => _events;

    /// <summary>Reads what the store has.</summary>
    public static async Task<ExperimentJournal> Open(IObjectStore store, string experiment, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var key = ExperimentEvent.ObjectKey(experiment);
        if (await store.Stat(key, cancellationToken) is not { } info)
        {
            return new ExperimentJournal(store, key, time, [], null);
        }

        return new ExperimentJournal(store, key, time, Parse(store, key, await store.ReadAllBytes(key, cancellationToken)), info.ETag);
    }

    /// <summary>Notes an event; <see cref="Write"/> makes it last.</summary>
    public void Add(ExperimentEventKind kind, ArtifactKey? stage, string text) =>
        _events.Add(new ExperimentEvent(_events.Count + 1, _time.GetUtcNow(), kind, stage, text));

    /// <summary>Events after a number, at most a page.</summary>
    public IReadOnlyList<ExperimentEvent> After(long number) => [.. _events.Skip((int)Math.Clamp(number, 0, _events.Count)).Take(ExperimentEvent.PageSize)];

    /// <summary>Writes the events that are not in the store yet.</summary>
    /// <returns>False when the store has a version that this journal does not know: somebody else looks after the experiment.</returns>
    public async Task<bool> Write(CancellationToken cancellationToken)
    {
        var count = _events.Count;
        if (count == _writtenCount)
        {
            return true;
        }

        using var content = new MemoryStream();
        foreach (var happened in _events.Take(count))
        {
            await JsonSerializer.SerializeAsync(content, happened, Line, cancellationToken);
            content.WriteByte((byte)'\n');
        }

        content.Position = 0;
        var result = await _store.Put(_key, content, _etag is null ? PutCondition.WhenAbsent : PutCondition.WhenMatches(_etag), cancellationToken);
        if (result.Written)
        {
            (_etag, _writtenCount) = (result.ETag, count);
        }

        return result.Written;
    }

    private static List<ExperimentEvent> Parse(IObjectStore store, string key, byte[] bytes)
    {
        try
        {
            return [.. System.Text.Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonSerializer.Deserialize<ExperimentEvent>(line, Line)!)];
        }
        catch (JsonException e)
        {
            throw new GmailClusterException($"{store.Location}: {key}", $"is not a list of events: {e.Message.TrimEnd('.')}.", "It was altered: remove it; the experiment then begins a new one.", e);
        }
    }
}
