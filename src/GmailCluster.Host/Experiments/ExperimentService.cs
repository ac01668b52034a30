using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using GmailCluster.Cluster.Experiments;
using GmailCluster.Cluster.Nodes;
using GmailCluster.Cluster.Work;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Experiments;
using GmailCluster.Grains;
using GmailCluster.Learning.Importing;
using GmailCluster.Learning.Inputs;
using GmailCluster.Learning.Work;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Polly;
using Polly.Retry;

namespace GmailCluster.Host.Experiments;

/// <summary>
/// What a client of a cluster does with experiments; the command line and the API both do it through this. A call that meets a
/// silo that is gone is made again for a while: another one takes over. Ids are as <see cref="ExperimentShelf.Find"/> gives them.
/// </summary>
public sealed class ExperimentService : IExperiments
{
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(250);

    // A call by way of a gateway that was killed gets no answer, only none: what merely reads is soon asked for again.
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(3);

    private readonly IGrainFactory _grains;
    private readonly IObjectStore _store;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _calls;

    /// <summary>Creates the service.</summary>
    /// <param name="grains">The way to the cluster.</param>
    /// <param name="store">The cluster's store.</param>
    /// <param name="time">The clock.</param>
    public ExperimentService(IGrainFactory grains, IObjectStore store, TimeProvider time)
    {
        (_grains, _store, _time) = (grains, store, time);
        Shelf = new ExperimentShelf(store);
        _calls = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<Exception>(Unreachable.Is),
            MaxRetryAttempts = 12,
            Delay = TimeSpan.FromMilliseconds(200),
            MaxDelay = TimeSpan.FromSeconds(5),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        }).Build();
    }

    /// <inheritdoc/>
    public IExperimentShelf Shelf { get; }

    /// <inheritdoc/>
    /// <remarks>Models go to <c>inputs/</c>, pictures and captions are imported here; what the store has is not sent again.</remarks>
    public Task<string> Submit(LoadedSpec loaded, Action<string> onProgress, CancellationToken cancellationToken) =>
        Submit(loaded, new Dictionary<string, IReadOnlyList<InputFile>>(), onProgress, cancellationToken);

    /// <summary>The same for a spec some of whose model folders were sent to the store, file by file, before.</summary>
    /// <param name="loaded">The spec; its other files are on this machine.</param>
    /// <param name="sentModels">The files of those folders, by absolute path.</param>
    /// <param name="onProgress">Told in words of what is sent.</param>
    /// <param name="cancellationToken">Ends the sending; what was sent stays.</param>
    internal async Task<string> Submit(
        LoadedSpec loaded, IReadOnlyDictionary<string, IReadOnlyList<InputFile>> sentModels, Action<string> onProgress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(onProgress);
        var known = sentModels.ToDictionary(folder => folder.Key, folder => ContentDigest.OfNames(folder.Value.Select(file => (file.Name, file.Sha256))));
        var run = await ExperimentRun.Plan(_store, loaded, known, _time, cancellationToken).ConfigureAwait(false);
        var import = new RecordedWork(_store, (stage, progress, token) => ImportWork.Run(_store, stage, progress, token), _time);
        foreach (var stage in run.Stages.Where(ImportWork.ReadsFiles))
        {
            var progress = new WorkProgress();
            await import.Run(stage, progress, cancellationToken).ConfigureAwait(false);
            if (progress.Done > 0)
            {
                onProgress($"{stage.Title}: {progress.Done} {stage.Unit} sent");
            }
        }

        foreach (var (folder, digest) in run.ModelDigests)
        {
            if (sentModels.TryGetValue(folder, out var files))
            {
                await InputUpload.Note(_store, digest, files, cancellationToken).ConfigureAwait(false);
                continue;
            }

            var sent = new List<InputFile>();
            await InputUpload.Send(_store, folder, digest, sent.Add, cancellationToken).ConfigureAwait(false);
            if (sent.Count > 0)
            {
                onProgress(string.Create(
                    CultureInfo.InvariantCulture, $"{Path.GetFileName(folder)}: {sent.Count} files, {sent.Sum(file => file.LengthBytes) / 1e6:0.0} MB sent"));
            }
        }

        await _store.PutBytes(ExperimentShelf.SpecKey(run.Id), Encoding.UTF8.GetBytes(loaded.Text), PutCondition.Always, cancellationToken).ConfigureAwait(false);
        var order = new ExperimentOrder(run.Id, loaded.Text, InputUpload.Referring(run.Stages, run.ModelDigests), IsDetached: true);
        await Call(run.Id, async (grain, token) =>
        {
            await grain.Submit(order, token).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);
        return run.Id;
    }

    /// <inheritdoc/>
    public Task<ExperimentStatus> Status(string id, CancellationToken cancellationToken) => Read(id, (grain, token) => grain.GetStatus(token), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Stage>> Stages(string id, CancellationToken cancellationToken) =>
        (await Read(id, (grain, token) => grain.GetOrder(token), cancellationToken).ConfigureAwait(false))?.Stages ?? [];

    /// <inheritdoc/>
    public async IAsyncEnumerable<ExperimentStatus> Watch(string id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(WatchPeriod, _time);
        while (true)
        {
            var status = await Status(id, cancellationToken).ConfigureAwait(false);
            yield return status;
            if (status.Phase is not StagePhase.Running)
            {
                yield break;
            }

            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ExperimentEvent>> Events(string id, long after, CancellationToken cancellationToken) =>
        Read(id, (grain, token) => grain.GetEvents(after, token), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ExperimentEvent> Follow(string id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(WatchPeriod, _time);
        while (true)
        {
            // Asked before the events: whatever it had done by its end is then among them.
            var hasEnded = (await Status(id, cancellationToken).ConfigureAwait(false)).Phase is not StagePhase.Running;
            IReadOnlyList<ExperimentEvent> page;
            do
            {
                page = await Events(id, after, cancellationToken).ConfigureAwait(false);
                foreach (var happened in page)
                {
                    after = happened.Number;
                    yield return happened;
                }
            }
            while (page.Count == ExperimentEvent.PageSize);

            if (hasEnded)
            {
                yield break;
            }

            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task Cancel(string id, CancellationToken cancellationToken) => Call(id, async (grain, token) =>
    {
        await grain.Cancel(token).ConfigureAwait(false);
        return true;
    }, cancellationToken);

    /// <inheritdoc/>
    public async Task Resume(string id, CancellationToken cancellationToken)
    {
        var order = await Read(id, (grain, token) => grain.GetOrder(token), cancellationToken).ConfigureAwait(false);
        if (order is not { IsDetached: true })
        {
            throw new InputException(id, "was never submitted to a cluster: what it needs is on the machine that ran it.", "Submit its spec there.");
        }

        await Call(id, (grain, token) => grain.Resume(token), cancellationToken).ConfigureAwait(false);
    }

    private Task<T> Read<T>(string id, Func<IExperimentGrain, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        Call(id, (grain, token) => call(grain, token).WaitAsync(ReadLimit, _time, token), cancellationToken);

    private async Task<T> Call<T>(string id, Func<IExperimentGrain, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var grain = _grains.GetGrain<IExperimentGrain>(id);
        try
        {
            return await _calls.ExecuteAsync(async token => await call(grain, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            throw new GmailClusterException(id, $"could not be asked for: the cluster does not answer ({e.Message.TrimEnd('.')}).", "Look whether its silos run; what was done is in the store and goes on with them.", e);
        }
    }
}
