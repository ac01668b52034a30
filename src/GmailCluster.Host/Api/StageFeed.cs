using GmailCluster.Cluster.Nodes;
using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Stages;
using GmailCluster.Storage;
using GmailCluster.Telemetry;
using Orleans.Runtime.Placement;

namespace GmailCluster.Host.Api;

/// <summary>The inside of stages: the steps of a run and where its ranks are, the shards of a generation.</summary>
internal sealed class StageFeed(ClusterLink link, IObjectStore store, TimeProvider time)
{
    /// <summary>The most points of a timeline, and cells of a shard map.</summary>
    public const int MostPoints = StepTimeline.Capacity;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(3);

    private readonly ShortMemory<RunTimeline> _finished = new(TimeSpan.FromMinutes(10), time);
    private readonly ShortMemory<RunTimeline> _running = new(TimeSpan.FromMilliseconds(500), time);
    private readonly ShortMemory<ShardMap> _shards = new(TimeSpan.FromMilliseconds(500), time);

    public static bool IsRun(Stage stage) => stage.Kind is StageKind.Align or StageKind.Caption or StageKind.Retrieve or StageKind.Long or StageKind.Llava;

    /// <summary>A run's steps, in at most so many points.</summary>
    public async Task<RunTimeline> Timeline(Stage stage, int points, CancellationToken cancellationToken)
    {
        RefuseUnless(IsRun(stage), stage, "trains nothing, so it has no steps.");
        if (await StageRecords.Read(store, stage.Key, cancellationToken).ConfigureAwait(false) is not null)
        {
            return Fewer(await _finished.Get(stage.Key.Value, () => ReadFinished(stage), cancellationToken).ConfigureAwait(false), points);
        }

        return Fewer(await _running.Get(stage.Key.Value, () => AskRunning(stage), cancellationToken).ConfigureAwait(false), points);
    }

    /// <summary>Which silos hold a run's ranks; null when it does not run.</summary>
    public async Task<RunPlan?> Plan(Stage stage, CancellationToken cancellationToken)
    {
        RefuseUnless(IsRun(stage), stage, "trains nothing, so it has no ranks.");
        return await Ask(() => link.Grains.GetGrain<ITrainingRunGrain>(stage.Key.Value).GetPlan(cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>A generation's shards, in at most so many cells.</summary>
    public Task<ShardMap> Shards(Stage stage, int cells, CancellationToken cancellationToken)
    {
        RefuseUnless(stage.Kind is StageKind.Generate, stage, "generates nothing, so it has no shards.");
        return _shards.Get($"{stage.Key}/{cells}", () => ReadShards(stage, cells), cancellationToken);
    }

    private static void RefuseUnless(bool holds, Stage stage, string problem)
    {
        if (!holds)
        {
            throw ApiException.NotFound(stage.Title, problem, "The stage's kind says what can be asked of it.");
        }
    }

    // The cells of a timeline are of one size, and so are those that several of them make.
    private static RunTimeline Fewer(RunTimeline timeline, int most)
    {
        var points = timeline.Points;
        var each = (points.Count + most - 1) / most;
        return each <= 1 ? timeline : new RunTimeline([.. points.Chunk(each).Select(Together)]);
    }

    private static TimelinePoint Together(TimelinePoint[] points)
    {
        var count = points.Sum(point => point.Count);
        var timed = points.Where(point => point.Time is not null).ToArray();
        var timedCount = timed.Sum(point => point.Count);
        double Mean(Func<StepTime, double> part) => timed.Sum(point => part(point.Time!.Value) * point.Count) / timedCount;
        return new TimelinePoint(
            points[0].Step, count, points.Sum(point => point.Loss * point.Count) / count, points.Min(point => point.LossMin), points.Max(point => point.LossMax),
            timedCount == 0 ? null : new StepTime(Mean(part => part.Whole), Mean(part => part.Gradient), Mean(part => part.Exchange), Mean(part => part.Update)));
    }

    private async Task<RunTimeline> ReadFinished(Stage stage)
    {
        if (await store.TryReadJson<RunTimeline>(RunTimeline.ObjectKey(stage.Key)).ConfigureAwait(false) is { } kept)
        {
            return kept.Value;
        }

        // Finished by a version that kept losses alone.
        var losses = new StepTimeline();
        losses.Restart((await store.TryReadJson<double[]>($"runs/{stage.Key}/losses.json").ConfigureAwait(false))?.Value ?? []);
        return new RunTimeline(losses.Points(MostPoints));
    }

    private async Task<RunTimeline> AskRunning(Stage stage)
    {
        var plan = await Plan(stage, CancellationToken.None).ConfigureAwait(false);
        if (plan is null)
        {
            return new RunTimeline([]);
        }

        return await Ask(() =>
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(plan.Writer));
            return link.Grains.GetGrain<INodeGrain>(plan.Writer).GetTimeline(stage.Key, MostPoints, CancellationToken.None);
        }).ConfigureAwait(false) ?? new RunTimeline([]);
    }

    private async Task<ShardMap> ReadShards(Stage stage, int cells)
    {
        var shards = new ShardStore(store);
        if (await shards.Manifest(stage.Key).ConfigureAwait(false) is { } manifest)
        {
            return ShardMap.Of(manifest.ShardCount, cells, _ => true, []);
        }

        if (link.IsFound && await Ask(() => link.Grains.GetGrain<IGenerationGrain>(stage.Key.Value).GetShardMap(cells, CancellationToken.None)).ConfigureAwait(false) is { } now)
        {
            return now;
        }

        // Nobody makes any now: the manifest says what there is.
        var size = stage.SettingsAs<GenerateSettings>().Generate.ShardSize;
        var count = Math.Max(1, (int)((stage.Size + size - 1) / size));
        var committed = new HashSet<int>();
        await foreach (var leaf in shards.Leaves(stage.Key, count).ConfigureAwait(false))
        {
            committed.UnionWith(leaf.Shards.Select(shard => shard.Number));
        }

        return ShardMap.Of(count, cells, committed.Contains, []);
    }

    private async Task<T> Ask<T>(Func<Task<T>> call)
    {
        try
        {
            return await call().WaitAsync(AnswerLimit, time).ConfigureAwait(false);
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            throw new Errors.GmailClusterException("the cluster", "does not answer.", "Ask again; if it lasts, look whether its silos run.", e);
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }
}
