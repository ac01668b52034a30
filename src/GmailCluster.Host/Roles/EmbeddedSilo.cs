using System.Net.Sockets;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;
using GmailCluster.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Roles;

/// <summary>
/// A cluster of one silo inside this process, for <c>run</c>: the same grains and code paths as a real cluster, no server to
/// start, nothing listening beyond loopback.
/// </summary>
public sealed class EmbeddedSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private EmbeddedSilo(IHost host) => _host = host;

    /// <summary>The way to the grains.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>The silo's compute slots, and how long they have been busy.</summary>
    public ComputePool Compute => _host.Services.GetRequiredService<ComputePool>();

    /// <summary>Starts the silo.</summary>
    /// <param name="store">The object store.</param>
    /// <param name="slots">Compute slots; usually the number of cores.</param>
    /// <param name="logLevel">The least severe log line to print, to standard error; of Orleans' own lines only errors when it is Warning.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<EmbeddedSilo> Start(IObjectStore store, int slots, LogLevel logLevel, CancellationToken cancellationToken)
    {
        var builder = SiloServices.Builder(logLevel, logLevel is LogLevel.Warning ? LogLevel.Error : logLevel);
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering(siloPort: Ports.Free(), gatewayPort: 0, serviceId: ClusterAddress.ServiceId, clusterId: "embedded")
            .UseGmailClusterHost(store, slots, ClusterFolders.Cache));
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            host.Dispose();
            throw new GmailClusterException("the embedded silo", $"could not listen on loopback: {e.Message}.", "Allow the process to open a port on 127.0.0.1.", e);
        }

        return new EmbeddedSilo(host);
    }

    /// <summary>Stops the silo: running stages end at a safe point.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync().ConfigureAwait(false);
        if (_host is IAsyncDisposable asynchronous)
        {
            await asynchronous.DisposeAsync().ConfigureAwait(false);
        }
    }
}
