using System.Diagnostics;
using System.Globalization;
using System.Net;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Host.Roles;
using GmailCluster.Storage;

namespace GmailCluster.Host.Local;

/// <summary>
/// A cluster of processes on this machine: silos, and the Redis they meet in if <c>redis-server</c> is installed. It ends with
/// this process; experiments that run are kept by the store and go on with the next cluster on it.
/// </summary>
public sealed class LocalCluster : IAsyncDisposable
{
    /// <summary>How the line begins that a silo prints when it has joined.</summary>
    public const string JoinedPrefix = "Silo ";

    /// <summary>The option of <c>silo</c> that ends it when its standard input closes.</summary>
    public const string ChildOption = "--child";

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RedisLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40); // a silo gives its work 30

    // What a shell may set for another silo; these have ports of their own.
    private static readonly string[] ForeignVariables =
    [
        "GMAILCLUSTER_ADVERTISED_HOST", "GMAILCLUSTER_SILO_PORT", "GMAILCLUSTER_GATEWAY_PORT", "GMAILCLUSTER_DATA_PORT", "GMAILCLUSTER_HEALTH_PORT",
        "GMAILCLUSTER_SECRET_FILE", "GMAILCLUSTER_REDIS", "GMAILCLUSTER_TLS_CERT", "GMAILCLUSTER_TLS_KEY", "GMAILCLUSTER_TLS_CA", "GMAILCLUSTER_TLS_NAME",
    ];

    // Ends redis-server when its own standard input closes: that one does not look. When this process has died, the silos are
    // ending too: they are given the time to say so there.
    private const string RedisScript =
        "redis-server \"$@\" >/dev/null & server=$!; cat >/dev/null; kill -0 $PPID 2>/dev/null || sleep 10; kill $server; wait $server";

    private readonly LocalClusterOptions _options;
    private readonly IObjectStore _store;
    private readonly Action<string> _say;
    private readonly TimeProvider _time;
    private readonly List<ChildProcess> _silos = [];
    private ChildProcess? _redis;

    private LocalCluster(LocalClusterOptions options, IObjectStore store, Action<string> say, TimeProvider time)
    {
        (_options, _store, _say, _time) = (options, store, say, time);
        Address = new ClusterAddress($"local-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}", null, []);
    }

    /// <summary>Where it is.</summary>
    public ClusterAddress Address { get; private set; }

    /// <summary>Starts the processes and waits until all silos have joined.</summary>
    /// <param name="options">What to start.</param>
    /// <param name="say">Told in lines what happens and what the silos print, from any thread.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the start, and what was started.</param>
    /// <exception cref="GmailClusterException">A process could not be started, or the store has a cluster already.</exception>
    public static async Task<LocalCluster> Start(LocalClusterOptions options, Action<string> say, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var store = ObjectStores.Open(options.Store);
        await store.EnsureWritable(cancellationToken).ConfigureAwait(false);
        await RefuseSecond(store, cancellationToken).ConfigureAwait(false);
        var cluster = new LocalCluster(options, store, say, time);
        try
        {
            await cluster.StartRedis(cancellationToken).ConfigureAwait(false);
            await cluster.StartSilos(cancellationToken).ConfigureAwait(false);
            await new ClusterRecord(cluster.Address, Environment.ProcessId, time.GetUtcNow()).Write(store, cancellationToken).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits, and says when a process ends that nobody asked to.</summary>
    /// <exception cref="GmailClusterException">No silo is left.</exception>
    public async Task Watch(CancellationToken cancellationToken)
    {
        var living = _silos.ToDictionary(silo => silo.Ended(cancellationToken));
        var redis = _redis?.Ended(cancellationToken);
        while (living.Count > 0)
        {
            var ended = await Task.WhenAny(redis is null ? living.Keys : living.Keys.Append(redis)).ConfigureAwait(false);
            await ended.ConfigureAwait(false);
            if (ended == redis)
            {
                _say("Redis ended: the silos go on, but none can join any more. Restart the cluster when it suits.");
                redis = null;
            }
            else if (living.Remove(ended, out var silo))
            {
                _say($"{silo.Name} (process {silo.Id}) ended with exit code {silo.ExitCode}; {(living.Count > 0 ? $"the cluster goes on with {living.Count}" : "none is left")}.");
            }
        }

        throw new GmailClusterException("", "All silos have ended.", "What they printed says why; what was done is in the store.");
    }

    /// <summary>Ends the silos at a safe point, then Redis.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_silos.Count > 0)
        {
            await ClusterRecord.Remove(_store, CancellationToken.None).ConfigureAwait(false);
        }

        await Task.WhenAll(_silos.Select(silo => silo.Stop(StopLimit, _time))).ConfigureAwait(false);
        if (_redis is not null)
        {
            await _redis.Stop(RedisLimit, _time).ConfigureAwait(false);
            _redis.Dispose();
        }

        _silos.ForEach(silo => silo.Dispose());
    }

    /// <summary>A Redis that keeps nothing, and ends some time after its standard input.</summary>
    internal static IReadOnlyList<string> RedisCommand(string address, string port) =>
        ["sh", "-c", RedisScript, "sh", "--port", port, "--bind", address, "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath()];

    private static async Task RefuseSecond(IObjectStore store, CancellationToken cancellationToken)
    {
        if (await ClusterRecord.Read(store, cancellationToken).ConfigureAwait(false) is not { } record || record.ProcessId == Environment.ProcessId)
        {
            return;
        }

        try
        {
            using var other = Process.GetProcessById(record.ProcessId);
            if (other.StartTime.ToUniversalTime() < record.StartedAt) // else the number was given to another process since
            {
                throw new InputException(store.Location, $"has a cluster already: process {record.ProcessId} runs it.", "Use that one, end it first, or name another store with --store.");
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It has ended without removing its record.
        }
    }

    private async Task StartRedis(CancellationToken cancellationToken)
    {
        if (Programs.Find("redis-server") is null)
        {
            _say("redis-server is not installed: the silos meet in the first one, and the cluster ends with that. 'apt-get install redis-server' mends it.");
            return;
        }

        var port = Ports.Free().ToString(CultureInfo.InvariantCulture);
        _redis = ChildProcess.Start("Redis", RedisCommand("127.0.0.1", port), [], _say);
        Address = Address with { Redis = $"127.0.0.1:{port}" };
        await RedisServer.WaitFor(Address.Redis!, RedisLimit, _time, cancellationToken).ConfigureAwait(false);
    }

    private async Task StartSilos(CancellationToken cancellationToken)
    {
        string? primary = null;
        var joining = new List<Task>();
        for (var number = 1; number <= _options.SiloCount; number++)
        {
            List<string> membership = ["--redis", Address.Redis!];
            if (Address.Redis is null)
            {
                var (silo, gateway) = (Ports.Free(), Ports.Free());
                membership = ["--silo-port", silo.ToString(CultureInfo.InvariantCulture), "--gateway-port", gateway.ToString(CultureInfo.InvariantCulture)];
                membership.AddRange(primary is null ? [] : ["--primary", primary]);
                primary ??= new IPEndPoint(IPAddress.Loopback, silo).ToString();
                Address = Address with { Gateways = [.. Address.Gateways, new IPEndPoint(IPAddress.Loopback, gateway).ToString()] };
            }

            joining.Add(StartSilo($"silo {number}", membership, cancellationToken));
            if (number == 1 && Address.Redis is null)
            {
                await joining[0].ConfigureAwait(false); // the others meet in it
            }
        }

        await Task.WhenAll(joining).WaitAsync(StartLimit, _time, cancellationToken).ConfigureAwait(false);
    }

    private async Task StartSilo(string name, IEnumerable<string> membership, CancellationToken cancellationToken)
    {
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var silo = ChildProcess.Start(
            name,
            [
                .. _options.Command, "silo", "--store", _options.Store, "--cluster", Address.ClusterId, "--cache", _options.CacheFolder,
                "--slots", _options.SlotsPerSilo.ToString(CultureInfo.InvariantCulture), ChildOption, .. membership,
            ],
            ForeignVariables,
            line =>
            {
                _say($"{name}: {line}");
                if (line.StartsWith(JoinedPrefix, StringComparison.Ordinal))
                {
                    joined.TrySetResult();
                }
            });
        _silos.Add(silo);
        if (await Task.WhenAny(joined.Task, silo.Ended(cancellationToken)).ConfigureAwait(false) != joined.Task)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new GmailClusterException(name, $"ended with exit code {silo.ExitCode} instead of joining.", "What it printed says why.");
        }
    }
}
