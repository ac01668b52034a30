using System.Globalization;
using GmailCluster.Data.Storage;
using GmailCluster.Experiments;
using GmailCluster.Host.Experiments;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Host.Tests.Dashboard;

/// <summary>Experiments of a store, as many as wanted; they go when disposed.</summary>
internal sealed class ManyExperiments : IAsyncDisposable
{
    private readonly IObjectStore _store;
    private readonly List<string> _ids = [];

    private ManyExperiments(IObjectStore store) => _store = store;

    public static async Task<ManyExperiments> Write(IObjectStore store, int count, CancellationToken cancellationToken)
    {
        var many = new ManyExperiments(store);
        var begin = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < count; i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"many-{i:d3}-0a1b2c3d");
            many._ids.Add(id);
            await store.PutBytes(ExperimentShelf.SpecKey(id), "name: many"u8.ToArray(), PutCondition.Always, cancellationToken);
            var phase = (i % 5) switch { 0 => StagePhase.Failed, 1 => StagePhase.Cancelled, _ => StagePhase.Done };
            var summary = new ExperimentSummary
            {
                Id = id, Phase = phase, SubmittedAt = begin.AddHours(i), EndedAt = begin.AddHours(i).AddMinutes(17 + i), StagesDone = phase is StagePhase.Done ? 43 : 12, StageCount = 43,
                Failure = phase is StagePhase.Failed ? "align matched seed 0: The loss is NaN. Lower the learning rate, add a warm-up, or set clip_norm." : null,
            };
            await store.PutJson(ExperimentSummary.ObjectKey(id), summary, PutCondition.Always, cancellationToken);
        }

        return many;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in _ids)
        {
            await _store.Delete(ExperimentShelf.SpecKey(id), null, CancellationToken.None);
            await _store.Delete(ExperimentSummary.ObjectKey(id), null, CancellationToken.None);
        }
    }
}
