using GmailCluster.Cluster.Nodes;
using GmailCluster.Grains;
using Orleans.Runtime.Placement;

namespace GmailCluster.Host.Api;

/// <summary>The cluster's silos, asked for once a second at most.</summary>
internal sealed class SiloFeed(ClusterLink link, TimeProvider time)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    // A silo that is gone is shown for a while, so that people see why work moved.
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    private readonly ShortMemory<SiloList> _lists = new(TimeSpan.FromSeconds(1), time);

    public Task<SiloList> List(CancellationToken cancellationToken) => _lists.Get("", Read, cancellationToken);

    private async Task<SiloList> Read()
    {
        try
        {
            var hosts = await link.Grains.GetGrain<IManagementGrain>(0).GetDetailedHosts().WaitAsync(AnswerLimit, time).ConfigureAwait(false);
            var now = time.GetUtcNow().UtcDateTime;
            var views = await Task.WhenAll(hosts.Where(host => host.Status is not SiloStatus.Dead || now - host.IAmAliveTime < Remembered).Select(View)).ConfigureAwait(false);
            return new SiloList([.. views.OrderBy(view => view.Phase is SiloPhase.Gone).ThenBy(view => view.Address, StringComparer.Ordinal)]);
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            throw new Errors.GmailClusterException("the cluster", "does not answer.", "Look whether its silos run.", e);
        }
    }

    private async Task<SiloView> View(MembershipEntry host)
    {
        var phase = host.Status switch
        {
            SiloStatus.Active => SiloPhase.Active,
            SiloStatus.ShuttingDown or SiloStatus.Stopping => SiloPhase.Leaving,
            SiloStatus.Dead => SiloPhase.Gone,
            _ => SiloPhase.Joining,
        };
        var load = phase is SiloPhase.Active or SiloPhase.Leaving ? await Load(host.SiloAddress).ConfigureAwait(false) : null;
        return new SiloView
        {
            Address = host.SiloAddress.ToParsableString(),
            Name = host.SiloAddress.Endpoint.ToString(),
            Host = host.HostName,
            Phase = load is { IsDraining: true } ? SiloPhase.Leaving : phase, // it drains before it tells the cluster
            StartedAt = new DateTimeOffset(DateTime.SpecifyKind(host.StartTime, DateTimeKind.Utc)),
            SeenAt = new DateTimeOffset(DateTime.SpecifyKind(host.IAmAliveTime, DateTimeKind.Utc)),
            Slots = load?.Slots,
            BusySlots = load?.BusySlots,
            WaitingWork = load?.WaitingWork,
            MemoryBytes = load?.MemoryBytes,
            MemoryLimitBytes = load?.MemoryLimitBytes,
            Cores = load?.Cores,
        };
    }

    private async Task<NodeLoad?> Load(SiloAddress silo)
    {
        try
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
            return await link.Grains.GetGrain<INodeGrain>(silo.ToParsableString()).GetLoad(CancellationToken.None).WaitAsync(AnswerLimit, time).ConfigureAwait(false);
        }
        catch (Exception e) when (Unreachable.Is(e))
        {
            return null;
        }
    }
}
