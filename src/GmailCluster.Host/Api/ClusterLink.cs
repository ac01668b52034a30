using GmailCluster.Errors;
using GmailCluster.Host.Dashboard;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Roles;
using GmailCluster.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Api;

/// <summary>
/// The API's way to the cluster. It is sought until it is found, so API and silos may start in any order; a cluster of <c>up</c>
/// that was started again is found again.
/// </summary>
internal sealed partial class ClusterLink : IAsyncDisposable
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(2);

    private readonly ApiOptions _options;
    private readonly IObjectStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterLink> _logger;
    private readonly LogLevel _logLevel;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _seeking;
    private volatile Link? _link;
    private volatile GmailClusterException? _problem;
    private OrleansDashboard? _orleans;

    public ClusterLink(ApiOptions options, IObjectStore store, LogLevel logLevel, TimeProvider time, ILogger<ClusterLink> logger)
    {
        (_options, _store, _time, _logger, _logLevel) = (options, store, time, logger, logLevel);
        _seeking = Task.Run(() => Seek(_stop.Token));
    }

    /// <summary>Experiments of the cluster.</summary>
    /// <exception cref="ApiException">The cluster was not found yet.</exception>
    public ExperimentService Experiments => Found.Experiments;

    /// <summary>The way to the grains.</summary>
    /// <exception cref="ApiException">The cluster was not found yet.</exception>
    public IGrainFactory Grains => Found.Client.Grains;

    /// <summary>Whether the cluster was found.</summary>
    public bool IsFound => _link is not null;

    private Link Found => _link ?? throw new ApiException(
        StatusCodes.Status503ServiceUnavailable, "the cluster", _problem is { } problem ? $"was not found: {problem.Message}" : "is not found yet.", "It is looked for again and again: ask again.");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _seeking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await EndOrleans().ConfigureAwait(false);
        if (_link is { } link)
        {
            await link.Client.DisposeAsync().ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    private async Task Seek(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(LookPeriod, _time);
        do
        {
            try
            {
                await Look(stop).ConfigureAwait(false);
            }
            catch (GmailClusterException e)
            {
                if (_problem?.Message != e.Message)
                {
                    LogNotFound(e.Message);
                }

                _problem = e;
            }
        }
        while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false));
    }

    private async Task Look(CancellationToken stop)
    {
        var address = _options.Redis is { } redis
            ? new ClusterAddress(_options.ClusterId, redis, [])
            : (await ClusterRecord.Read(_store, stop).ConfigureAwait(false))?.Address;
        if (address is null || IsSame(address, _link?.Address))
        {
            _problem = address is null && _link is null ? new GmailClusterException(_store.Location, "has no cluster.", "Start one on it with 'gmailcluster up', or name its Redis with --redis HOST:PORT.") : null;
            return;
        }

        var client = await ClusterClient.Connect(address, _options.Tls, _logLevel, _time, stop).ConfigureAwait(false);
        var before = _link;
        _link = new Link(address, client, new ExperimentService(client.Grains, _store, _time));
        _problem = null;
        LogFound(address);
        if (before is not null)
        {
            await before.Client.DisposeAsync().ConfigureAwait(false);
        }

        await ShowOrleans(address, stop).ConfigureAwait(false);
    }

    private async Task ShowOrleans(ClusterAddress address, CancellationToken stop)
    {
        if (_options.OrleansDashboardPort is { } port)
        {
            await EndOrleans().ConfigureAwait(false);
            _orleans = await OrleansDashboard.Start(port, address, _options.Tls, stop).ConfigureAwait(false);
        }
    }

    private async Task EndOrleans()
    {
        if (_orleans is not null)
        {
            await _orleans.DisposeAsync().ConfigureAwait(false);
            _orleans = null;
        }
    }

    private static bool IsSame(ClusterAddress a, ClusterAddress? b) =>
        b is not null && a.ClusterId == b.ClusterId && a.Redis == b.Redis && a.Gateways.SequenceEqual(b.Gateways);

    private sealed record Link(ClusterAddress Address, ClusterClient Client, ExperimentService Experiments);

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to {Cluster}")]
    private partial void LogFound(ClusterAddress cluster);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem} It is looked for again and again")]
    private partial void LogNotFound(string problem);
}
