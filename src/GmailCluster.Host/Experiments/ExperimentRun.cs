using GmailCluster.Cluster.Experiments;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Host.Roles;
using GmailCluster.Keys;
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

    private ExperimentRun(IObjectStore store, LoadedSpec loaded, IReadOnlyList<Stage> stages, IReadOnlyDictionary<string, string> modelDigests, TimeProvider time)
    {
        (_store, _loaded, _time) = (store, loaded, time);
        Stages = stages;
        ModelDigests = modelDigests;
        Id = ExperimentId.Of(loaded.Spec.Name, stages);
    }

    /// <summary>Names the experiment: equal specs on equal inputs are one experiment.</summary>
    public string Id { get; }

    /// <summary>The stage graph.</summary>
    public IReadOnlyList<Stage> Stages { get; }

    /// <summary>Where the report will be.</summary>
    public string ReportKey => ExperimentShelf.ReportKey(Id);

    /// <summary>The content hashes of the model folders that the spec names, by absolute path.</summary>
    internal IReadOnlyDictionary<string, string> ModelDigests { get; }

    /// <summary>Reads what the spec names and plans.</summary>
    public static Task<ExperimentRun> Plan(IObjectStore store, LoadedSpec loaded, TimeProvider time, CancellationToken cancellationToken) =>
        Plan(store, loaded, new Dictionary<string, string>(), time, cancellationToken);

    /// <summary>Reads what the spec names, but for model folders whose digests are known, and plans.</summary>
    internal static async Task<ExperimentRun> Plan(
        IObjectStore store, LoadedSpec loaded, IReadOnlyDictionary<string, string> knownDigests, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        var facts = await InputReader.Read(loaded, knownDigests, cancellationToken).ConfigureAwait(false);
        var models = loaded.Spec.Models;
        var digests = new[] { models.Clip, models.Diffusion, models.LanguageModel, models.LlavaLanguageModel }
            .OfType<string>().Select(loaded.Resolve).Distinct().ToDictionary(path => path, path => facts.Digests[path]);
        return new ExperimentRun(store, loaded, ExperimentPlanner.Plan(loaded.Spec, loaded.Folder, facts), digests, time);
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
        await Run(silo, isReported: true, onStatus, cancellationToken).ConfigureAwait(false);
        return await new ExperimentShelf(_store).Results(Id, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs the stages to their end, without a report.</summary>
    internal Task RunStages(EmbeddedSilo silo, Action<ExperimentStatus> onStatus, CancellationToken cancellationToken) =>
        Run(silo, isReported: false, onStatus, cancellationToken);

    /// <summary>The same experiment on another store, with some of its stages and whatever they need.</summary>
    internal ExperimentRun Only(IObjectStore store, Func<Stage, bool> chosen, TimeProvider time)
    {
        var needed = new HashSet<ArtifactKey>();
        foreach (var stage in Stages.Reverse().Where(stage => chosen(stage) || needed.Contains(stage.Key)))
        {
            needed.Add(stage.Key);
            needed.UnionWith(stage.Needs);
        }

        return new ExperimentRun(store, _loaded, [.. Stages.Where(stage => needed.Contains(stage.Key))], ModelDigests, time);
    }

    private async Task Run(EmbeddedSilo silo, bool isReported, Action<ExperimentStatus> onStatus, CancellationToken cancellationToken)
    {
        var experiment = silo.Grains.GetGrain<IExperimentGrain>(Id);
        await _store.PutBytes(ExperimentShelf.SpecKey(Id), System.Text.Encoding.UTF8.GetBytes(_loaded.Text), PutCondition.Always, cancellationToken).ConfigureAwait(false);
        await experiment.Submit(new ExperimentOrder(Id, _loaded.Text, Stages, IsDetached: false, isReported), cancellationToken).ConfigureAwait(false);
        var status = await Watch(experiment, onStatus, cancellationToken).ConfigureAwait(false);
        if (status.Failure is { } failure)
        {
            throw failure.ExitCode == 2
                ? new Errors.InputException("", failure.Message, "")
                : new Errors.GmailClusterException("", failure.Message, "");
        }
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
