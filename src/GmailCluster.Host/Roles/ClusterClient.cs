using GmailCluster.Cluster;
using GmailCluster.Errors;
using GmailCluster.Host.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace GmailCluster.Host.Roles;

/// <summary>A way into a cluster from outside: whichever gateway lives is used.</summary>
public sealed class ClusterClient : IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(15);

    private readonly IHost _host;

    private ClusterClient(IHost host) => _host = host;

    /// <summary>The way to the grains.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Connects.</summary>
    /// <exception cref="GmailClusterException">Redis or the cluster does not answer.</exception>
    public static async Task<ClusterClient> Connect(ClusterAddress address, LogLevel logLevel, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.Redis is { } redis)
        {
            await RedisServer.WaitFor(redis, TimeSpan.Zero, time, cancellationToken).ConfigureAwait(false);
        }

        var builder = SiloServices.Builder(logLevel, logLevel);
        builder.Services.AddSingleton(time).SendOwnExceptions();
        builder.UseOrleansClient(client => Configure(client, address));
        var host = builder.Build();
        try
        {
            using var limit = new CancellationTokenSource(ConnectLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            await host.StartAsync(either.Token).ConfigureAwait(false);
            return new ClusterClient(host);
        }
#pragma warning disable CA1031 // Whatever a connection can fail with, it means that nobody is there.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            host.Dispose();
            throw new GmailClusterException(address.ToString(), "has no silo that answers.", "Start one with 'gmailcluster up' or 'gmailcluster silo', or correct --redis and --cluster.", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync().ConfigureAwait(false);
        if (_host is IAsyncDisposable asynchronous)
        {
            await asynchronous.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal static void Configure(IClientBuilder client, ClusterAddress address)
    {
        if (TelemetryExport.IsOn)
        {
            client.AddActivityPropagation();
        }

        if (address.Redis is { } redis)
        {
            client.UseRedisClustering(clustering => clustering.ConfigurationOptions = RedisServer.Options(redis));
        }
        else
        {
            client.UseStaticClustering([.. address.Gateways.Select(gateway => ClusterAddress.EndPoint("--gateway", gateway))]);
        }

        client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (address.ClusterId, ClusterAddress.ServiceId))
            .Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5))
            .Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(20)); // calls are repeated
    }
}
