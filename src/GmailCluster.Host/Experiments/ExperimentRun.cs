using GmailCluster.Cluster.Experiments;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Host.Roles;
using GmailCluster.Keys;
using GmailCluster.Reporting.Export;
using GmailCluster.Reporting.Report;
using GmailCluster.Results;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Host.Experiments;

/// <summary>One spec carried out from its file to its report, on a cluster that is there already.</summary>
public sealed class ExperimentRun
{
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(100);

    private readonly IObjectStore _store;
    private readonly LoadedSpec _loaded;
    private readonly TimeProvider _time;

    private ExperimentRun(IObjectStore store, LoadedSpec loaded, IReadOnlyList<Stage> stages, TimeProvider time)
    {
        (_store, _loaded, _time) = (store, loaded, time);
        Stages = stages;
        Id = ExperimentId.Of(loaded.Spec.Name, stages);
    }

    /// <summary>Names the experiment: equal specs on equal inputs are one experiment.</summary>
    public string Id { get; }

    /// <summary>The stage graph.</summary>
    public IReadOnlyList<Stage> Stages { get; }

    /// <summary>Where the report will be.</summary>
    public string ReportKey => $"experiments/{Id}/report.html";

    /// <summary>Reads what the spec names and plans.</summary>
    public static async Task<ExperimentRun> Plan(IObjectStore store, LoadedSpec loaded, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        var facts = await InputReader.Read(loaded, cancellationToken).ConfigureAwait(false);
        return new ExperimentRun(store, loaded, ExperimentPlanner.Plan(loaded.Spec, loaded.Folder, facts), time);
    }

    /// <summary>
    /// Runs to the end and leaves <c>results.json</c> and <c>report.html</c>. Cancelled, it stops the stages at their next safe
    /// point before it throws.
    /// </summary>
    /// <param name="silo">The cluster.</param>
    /// <param name="onStatus">Told how the stages stand, several times a second.</param>
    /// <param name="cancellationToken">Stops the experiment.</param>
    /// <exception cref="Errors.GmailClusterException">A stage failed; the message says which and why.</exception>
    public async Task<ExperimentResults> Execute(EmbeddedSilo silo, Action<ExperimentStatus> onStatus, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(onStatus);
        var cached = await RunStages(silo, onStatus, cancellationToken).ConfigureAwait(false);
        return await Report(cached, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs the stages to their end, without a report.</summary>
    /// <returns>Stages that were done before.</returns>
    internal async Task<IReadOnlySet<ArtifactKey>> RunStages(EmbeddedSilo silo, Action<ExperimentStatus> onStatus, CancellationToken cancellationToken)
    {
        var experiment = silo.Grains.GetGrain<IExperimentGrain>(Id);
        await _store.PutBytes($"experiments/{Id}/spec.yaml", System.Text.Encoding.UTF8.GetBytes(_loaded.Text), PutCondition.Always, cancellationToken).ConfigureAwait(false);
        await experiment.Submit(new ExperimentOrder(Id, _loaded.Text, Stages), cancellationToken).ConfigureAwait(false);
        var status = await Watch(experiment, onStatus, cancellationToken).ConfigureAwait(false);
        if (status.Failure is { } failure)
        {
            throw failure.ExitCode == 2
                ? new Errors.InputException("", failure.Message, "")
                : new Errors.GmailClusterException("", failure.Message, "");
        }

        return status.Stages.Where(stage => stage.Cached).Select(stage => stage.Key).ToHashSet();
    }

    /// <summary>The same experiment on another store, with some of its stages and whatever they need.</summary>
    internal ExperimentRun Only(IObjectStore store, Func<Stage, bool> chosen, TimeProvider time)
    {
        var needed = new HashSet<ArtifactKey>();
        foreach (var stage in Stages.Reverse().Where(stage => chosen(stage) || needed.Contains(stage.Key)))
        {
            needed.Add(stage.Key);
            needed.UnionWith(stage.Needs);
        }

        return new ExperimentRun(store, _loaded, [.. Stages.Where(stage => needed.Contains(stage.Key))], time);
    }

    /// <summary>Writes the report of an experiment that is done.</summary>
    public async Task<ExperimentResults> Report(IReadOnlySet<ArtifactKey> cached, CancellationToken cancellationToken)
    {
        var results = await ResultsAssembler.Assemble(_store, _loaded, Stages, cached, HostFacts.Read(), cancellationToken).ConfigureAwait(false);
        using var json = new MemoryStream();
        ResultsFile.Write(results, json);
        await _store.PutBytes($"experiments/{Id}/results.json", json.ToArray(), PutCondition.Always, cancellationToken).ConfigureAwait(false);
        using var html = new MemoryStream();
        ReportWriter.Write(results, html);
        await _store.PutBytes(ReportKey, html.ToArray(), PutCondition.Always, cancellationToken).ConfigureAwait(false);
        return results;
    }

    private async Task<ExperimentStatus> Watch(IExperimentGrain experiment, Action<ExperimentStatus> onStatus, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(WatchPeriod, _time);
        try
        {
            while (true)
            {
                var status = await experiment.GetStatus(cancellationToken).ConfigureAwait(false);
                onStatus(status);
                if (status.Phase is StagePhase.Done or StagePhase.Failed or StagePhase.Cancelled)
                {
                    return status;
                }

                await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await experiment.Cancel(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }
}
