using System.Net;
using System.Net.Sockets;
using GmailCluster.Cluster;
using GmailCluster.Cluster.Exchange;
using GmailCluster.Cluster.Experiments;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Host.Health;
using GmailCluster.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace GmailCluster.Host.Roles;

/// <summary>A cluster member.</summary>
public sealed class SiloRole : IAsyncDisposable
{
    // Written when a silo starts and then asked for by its probes: a store that has lost it is not the store that it was.
    private const string ProbeKey = "probes/silo";

    private readonly IHost _host;
    private readonly HealthServer? _health;
    private readonly TimeSpan _stopLimit;
    private readonly TimeProvider _time;

    private SiloRole(IHost host, HealthServer? health, string gateway, TimeSpan stopLimit, TimeProvider time) =>
        (_host, _health, Gateway, _stopLimit, _time) = (host, health, gateway, stopLimit, time);

    /// <summary><c>IP:PORT</c> that other silos reach this one by.</summary>
    public string Address => _host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.Endpoint.ToString();

    /// <summary><c>IP:PORT</c> that clients reach this one by.</summary>
    public string Gateway { get; }

    /// <summary>Completes when the silo has ended, asked or not.</summary>
    public Task Ended => _host.WaitForShutdownAsync();

    /// <summary>Starts a member and joins its cluster.</summary>
    /// <exception cref="GmailClusterException">The store or Redis does not answer, or a port is taken.</exception>
    public static async Task<SiloRole> Start(SiloOptions options, LogLevel logLevel, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var store = ObjectStores.Open(options.Store);
        IHost? host = null;
        var state = new HealthState(token => WhyNotReady(host, store, token));
        var health = options.HealthPort is { } port ? await HealthServer.Start(port, state, time, cancellationToken).ConfigureAwait(false) : null;
        try
        {
            await store.EnsureWritable(cancellationToken).ConfigureAwait(false);
            await store.PutBytes(ProbeKey, "1"u8.ToArray(), PutCondition.Always, cancellationToken).ConfigureAwait(false);
            if (options.Redis is { } redis)
            {
                await RedisServer.WaitFor(redis, options.StartLimit, time, cancellationToken).ConfigureAwait(false);
            }

            var address = await Resolve(options.AdvertisedHost, cancellationToken).ConfigureAwait(false);
            var secret = ClusterSecret.Read(options, address);
            var (siloPort, gatewayPort) = (options.SiloPort is 0 ? Ports.Free() : options.SiloPort, options.GatewayPort is 0 ? Ports.Free() : options.GatewayPort);
            var builder = SiloServices.Builder(logLevel, logLevel < LogLevel.Information ? logLevel : LogLevel.Error);
            builder.Services.AddSingleton(time);
            builder.Services.AddDataPlane(plane => Configure(plane, options, address, secret));
            builder.UseOrleans(silo => Configure(silo, options, store, address, siloPort, gatewayPort));
            host = builder.Build();
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
            state.SetStarted();
            return new SiloRole(host, health, new IPEndPoint(address, gatewayPort).ToString(), options.StopLimit, time);
        }
        catch (Exception e)
        {
            host?.Dispose();
            if (health is not null)
            {
                await health.DisposeAsync().ConfigureAwait(false);
            }

            if (e is OptionsValidationException invalid)
            {
                throw new InputException("the silo", string.Join(' ', invalid.Failures), "", e);
            }

            if (Socket(e) is { } refused)
            {
                throw new GmailClusterException("the silo", $"cannot listen on its ports: {refused.Message}.", "Choose free ones with --silo-port, --gateway-port and --data-port, or 0 for any.", e);
            }

            throw;
        }
    }

    /// <summary>Leaves the cluster: running work ends at a safe point, others take over.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(_stopLimit, _time);
        try
        {
            // Not every part of the host heeds the token: waited for no longer than that, whatever it does.
            await _host.StopAsync(limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
            if (_host is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync().AsTask().WaitAsync(limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // Time is up, as when Redis is gone and cannot be told: the others give up a silo that ends without a word.
        }

        if (_health is not null)
        {
            await _health.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static void Configure(ISiloBuilder silo, SiloOptions options, IObjectStore store, IPAddress address, int siloPort, int gatewayPort)
    {
        if (options.Redis is { } redis)
        {
            silo.UseRedisClustering(clustering => clustering.ConfigurationOptions = RedisServer.Options(redis));
        }
        else
        {
            silo.UseDevelopmentClustering(options.Primary is { } primary ? ClusterAddress.EndPoint("--primary", primary) : new IPEndPoint(address, siloPort));
        }

        if (options.Tls is { } files)
        {
            silo.UseClusterTls(files);
        }

        var everywhere = !IPAddress.IsLoopback(address);
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, ClusterAddress.ServiceId))
            .Configure<EndpointOptions>(endpoints =>
            {
                (endpoints.AdvertisedIPAddress, endpoints.SiloPort, endpoints.GatewayPort) = (address, siloPort, gatewayPort);
                endpoints.SiloListeningEndpoint = new IPEndPoint(everywhere ? IPAddress.Any : address, siloPort);
                endpoints.GatewayListeningEndpoint = new IPEndPoint(everywhere ? IPAddress.Any : address, gatewayPort);
            })
            .Configure<ClusterMembershipOptions>(DetectQuickly)
            .Configure<ExperimentOptions>(experiments => experiments.LookPeriod = TimeSpan.FromMilliseconds(200)) // calls now cross the network
            .UseGmailClusterHost(store, options.Slots, options.CacheFolder)
            .UseClusterMember();
        if (options.HasOrleansDashboard)
        {
            silo.AddDashboard();
        }
    }

    private static void Configure(DataPlaneOptions plane, SiloOptions options, IPAddress address, string secret)
    {
        (plane.ClusterId, plane.Secret, plane.Port) = (options.ClusterId, secret, options.DataPort);
        (plane.ListenAddress, plane.AdvertisedHost) = (IPAddress.IsLoopback(address) ? address.ToString() : "0.0.0.0", address.ToString());
        (plane.CertificateFile, plane.KeyFile, plane.AuthorityFile, plane.CertificateName) = (options.Tls?.Certificate, options.Tls?.Key, options.Tls?.Authority, options.Tls?.Name);
    }

    // Measured (design, section 11): a killed silo is given up in about 0.7 s, a frozen one in 2.5 s, none falsely at threefold
    // oversubscription. With two silos the one vote there can be is enough.
    private static void DetectQuickly(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = TimeSpan.FromSeconds(1);
        membership.MinProbeTimeout = TimeSpan.FromSeconds(0.5);
        membership.MaxProbeTimeout = TimeSpan.FromSeconds(1);
        membership.ExtendProbeTimeoutDuringDegradation = false;
        membership.NumMissedProbesLimit = 2;
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2); // when all have died, the first to come waits until these are three periods old
        membership.NumVotesForDeathDeclaration = 2;
    }

    private static async Task<string?> WhyNotReady(IHost? host, IObjectStore store, CancellationToken cancellationToken)
    {
        if (host?.Services.GetService<ISiloStatusOracle>()?.CurrentStatus is not SiloStatus.Active)
        {
            return "not a member of the cluster";
        }

        try
        {
            return await store.Stat(ProbeKey, cancellationToken).ConfigureAwait(false) is null ? "the store has lost its content" : null;
        }
        catch (GmailClusterException)
        {
            return "the store does not answer";
        }
    }

    private static async Task<IPAddress> Resolve(string host, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
            return addresses.FirstOrDefault(address => address.AddressFamily is AddressFamily.InterNetwork) ?? addresses[0];
        }
        catch (SocketException e)
        {
            throw new InputException("--advertise", $"'{host}' is no known host: {e.Message}.", "Name this machine as the others reach it.", e);
        }
    }

    private static SocketException? Socket(Exception? e) => e is null or SocketException ? e as SocketException : Socket(e.InnerException);
}
