using GmailCluster.Storage;
using GmailCluster.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace GmailCluster.Host.Api;

/// <summary>The cluster behind the API.</summary>
internal static class ClusterEndpoints
{
    public static void MapCluster(this RouteGroupBuilder api)
    {
        var cluster = api.MapGroup("/cluster").WithTags("cluster");
        cluster.MapGet("", (ClusterLink link, IObjectStore store) => new ClusterView(link.IsFound, store.Location, TelemetryVersion.Text)).WithSummary("Where results are kept, and whether the cluster was found.");
        cluster.MapGet("/silos", (SiloFeed silos, CancellationToken cancellationToken) => silos.List(cancellationToken)).WithSummary("Silos with slots, memory and whether they leave.");
    }
}

/// <summary>The cluster.</summary>
/// <param name="IsFound">Whether it was found; until then only what the store says can be asked for.</param>
/// <param name="Store">Where results are kept.</param>
/// <param name="Version">Version of the API's program.</param>
internal sealed record ClusterView(bool IsFound, string Store, string Version);
