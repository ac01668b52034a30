using GmailCluster.Cluster.Nodes;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;
using Orleans.Runtime.Placement;

namespace GmailCluster.Cluster.Experiments;

/// <summary>The grains that own an experiment's stages, and where this experiment has put them: the work is spread over the silos by their slots.</summary>
internal sealed class StageOwners(IGrainFactory grains, ClusterCapacity capacity, TimeProvider time)
{
    // A call into a silo that is going down may get no answer at all: what is not answered in time is asked again.
    private static readonly TimeSpan ProgressLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(15);

    private readonly Dictionary<ArtifactKey, SiloAddress> _places = [];

    /// <summary>Compute slots of the whole cluster, as last asked.</summary>
    public int Slots { get; private set; }

    /// <summary>Asks the nodes for their slots.</summary>
    public async Task CountSlots(CancellationToken cancellationToken) => Slots = (await capacity.Slots(cancellationToken)).Sum(node => node.Slots);

    /// <summary>How far a stage is; null when its silo does not answer.</summary>
    public async Task<StageProgress?> TryGetProgress(Stage stage, CancellationToken cancellationToken)
    {
        try
        {
            return await Owner(stage).GetProgress(cancellationToken).WaitAsync(ProgressLimit, time, cancellationToken);
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            return null;
        }
    }

    /// <summary>Why a run waited or moved since a moment; nothing when its silo does not answer, and then it is asked again.</summary>
    public async Task<IReadOnlyList<RunEvent>> EventsSince(Stage stage, DateTimeOffset since, CancellationToken cancellationToken)
    {
        try
        {
            var events = await grains.GetGrain<ITrainingRunGrain>(stage.Key.Value).GetEvents(cancellationToken).WaitAsync(ProgressLimit, time, cancellationToken);
            return [.. events.Where(told => told.Time > since)];
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            return [];
        }
    }

    /// <summary>Starts a stage, on the silo with the least to do for its slots unless it is at work somewhere.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="running">The stages that run now.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>False when nobody could be reached; ask again.</returns>
    public async Task<bool> TryStart(Stage stage, IEnumerable<Stage> running, CancellationToken cancellationToken)
    {
        try
        {
            if (stage.Kind is not StageKind.Generate && await LeastLoaded(stage, running, cancellationToken) is { } silo) // generation spreads its shards itself
            {
                _places[stage.Key] = silo;
                RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
            }

            await Owner(stage).Start(stage, cancellationToken).WaitAsync(StartLimit, time, cancellationToken);
            return true;
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            return false;
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    /// <summary>Stops stages at their next safe point.</summary>
    public Task Cancel(IEnumerable<Stage> stages) => Task.WhenAll(stages.Select(async stage =>
    {
        try
        {
            await Owner(stage).Cancel(CancellationToken.None).WaitAsync(CancelLimit, time);
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            // Whatever ran there ended with its silo, or ends when it can.
        }
    }));

    private async Task<SiloAddress?> LeastLoaded(Stage stage, IEnumerable<Stage> running, CancellationToken cancellationToken)
    {
        var busy = running.Where(other => other.Key != stage.Key).Select(other => _places.GetValueOrDefault(other.Key)).OfType<SiloAddress>().CountBy(silo => silo).ToDictionary();
        return (await capacity.Slots(cancellationToken)).OrderBy(node => (busy.GetValueOrDefault(node.Silo) + 1.0) / node.Slots).Select(node => node.Silo).FirstOrDefault();
    }

    private IStageGrain Owner(Stage stage) => stage.Kind switch
    {
        StageKind.Generate => grains.GetGrain<IGenerationGrain>(stage.Key.Value),
        StageKind.Align or StageKind.Caption or StageKind.Retrieve or StageKind.Long or StageKind.Llava =>
            grains.GetGrain<ITrainingRunGrain>(stage.Key.Value),
        _ => grains.GetGrain<IWorkGrain>(stage.Key.Value),
    };
}
