using GmailCluster.Cluster;
using GmailCluster.Cluster.Tls;
using GmailCluster.Errors;
using GmailCluster.Host.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Messaging;

namespace GmailCluster.Host.Roles;

/// <summary>A way into a cluster from outside: whichever gateway lives is used.</summary>
public sealed class ClusterClient : IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan DiagnoseAfter = TimeSpan.FromSeconds(2);

    private readonly IHost _host;

    private ClusterClient(IHost host) => _host = host;

    /// <summary>The way to the grains.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Connects.</summary>
    /// <param name="address">Where the cluster is.</param>
    /// <param name="tls">Certificates, for a cluster with TLS.</param>
    /// <param name="logLevel">The least severe line to log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="GmailClusterException">Redis or the cluster does not answer.</exception>
    public static async Task<ClusterClient> Connect(ClusterAddress address, TlsFiles? tls, LogLevel logLevel, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.Redis is { } redis)
        {
            await RedisServer.WaitFor(redis, TimeSpan.Zero, time, cancellationToken).ConfigureAwait(false);
        }

        var builder = SiloServices.Builder(logLevel, logLevel);
        builder.Services.AddSingleton(time).SendOwnExceptions();
        builder.UseOrleansClient(client => Configure(client, address, tls));
        var host = builder.Build();
        using var limit = new CancellationTokenSource(ConnectLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        Exception? failure = null;
        (string, string)? diagnosis = null;
        try
        {
            // Orleans tries until the limit: what TLS will never let in is told sooner.
            var starting = host.StartAsync(either.Token);
            await Task.WhenAny(starting, Task.Delay(DiagnoseAfter, time, either.Token)).ConfigureAwait(false);
            diagnosis = starting.IsCompletedSuccessfully ? null : await Diagnose(host, time, cancellationToken).ConfigureAwait(false);
            if (diagnosis is not null)
            {
                await limit.CancelAsync().ConfigureAwait(false);
            }

            await starting.ConfigureAwait(false);
            return new ClusterClient(host);
        }
#pragma warning disable CA1031 // Whatever a connection can fail with, it means that nobody is there.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            failure = e;
        }

        host.Dispose();
        var (problem, remedy) = diagnosis ?? ("has no silo that answers.", "Start one with 'gmailcluster up' or 'gmailcluster silo', or correct --redis and --cluster.");
        throw new GmailClusterException(address.ToString(), problem, remedy, failure);
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

    private static async Task<(string, string)?> Diagnose(IHost host, TimeProvider time, CancellationToken cancellationToken)
    {
        // Those of silos that were killed may still be listed: they do not listen.
        foreach (var gateway in await host.Services.GetRequiredService<IGatewayListProvider>().GetGateways().ConfigureAwait(false))
        {
            var endpoint = gateway.ToIPEndPoint();
            if (endpoint is not null && await GatewayDiagnosis.Of(endpoint, host.Services.GetService<RotatedCertificates>(), time, cancellationToken).ConfigureAwait(false) is { } diagnosis)
            {
                return diagnosis;
            }
        }

        return null;
    }

    private static void Configure(IClientBuilder client, ClusterAddress address, TlsFiles? tls)
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

        if (tls is not null)
        {
            client.UseClusterTls(tls);
        }

        client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (address.ClusterId, ClusterAddress.ServiceId))
            .Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5))
            .Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(20)); // calls are repeated
    }
}
