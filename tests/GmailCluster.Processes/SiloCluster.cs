using System.Globalization;
using GmailCluster.Host.Local;
using GmailCluster.Host.Roles;

namespace GmailCluster.Processes;

/// <summary>
/// Silos as processes of their own, one slot each, on a folder store, and the Redis they meet in. Unlike <c>up</c> it lets them
/// be struck and added one by one, and replaces none.
/// </summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    private static readonly TimeSpan RedisLimit = TimeSpan.FromSeconds(30);

    private readonly string _folder;
    private readonly SiloPlace _hub;
    private readonly string _redisAddress;
    private readonly CommandProcess _redis;
    private readonly Lock _lock = new();
    private readonly List<SiloProcess> _silos = [];
    private readonly string[] _secret;

    private SiloCluster(string folder, SiloPlace hub)
    {
        (_folder, _hub) = (folder, hub);
        var port = Ports.Free().ToString(CultureInfo.InvariantCulture);
        _redisAddress = $"{hub.Address}:{port}";
        _redis = CommandProcess.StartProgram(folder, [.. hub.Enter, .. LocalCluster.RedisCommand(hub.Address, port), "--protected-mode", "no"]);
        _secret = [];
        if (hub != SiloPlace.Here)
        {
            var file = Path.Combine(folder, "secret");
            File.WriteAllText(file, "a secret of silos on several hosts");
            _secret = ["--secret-file", file];
        }
    }

    /// <summary>What the silos say of runs.</summary>
    public RunJournal Journal { get; } = new();

    /// <summary>Silos that have joined and not been found ended, in order of their start.</summary>
    public IReadOnlyList<SiloProcess> Silos
    {
        get
        {
            lock (_lock)
            {
                return [.. _silos.Where(silo => silo.Address.Length > 0 && !silo.HasEnded)];
            }
        }
    }

    /// <summary>Starts Redis and silos on this machine.</summary>
    /// <param name="folder">Where the store is, as <c>store</c>.</param>
    /// <param name="silos">How many.</param>
    public static async Task<SiloCluster> Start(string folder, int silos)
    {
        var cluster = Start(folder, SiloPlace.Here);
        try
        {
            await Task.WhenAll(Enumerable.Range(0, silos).Select(_ => cluster.Add()));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts Redis alone.</summary>
    /// <param name="folder">Where the store is, as <c>store</c>.</param>
    /// <param name="hub">Where Redis and clients run.</param>
    public static SiloCluster Start(string folder, SiloPlace hub) => new(folder, hub);

    /// <summary>Starts one more silo and waits until it has joined.</summary>
    /// <param name="place">Where it runs; null for where Redis does.</param>
    /// <param name="listening">Called when it has started as far as it can without the others.</param>
    public async Task<SiloProcess> Add(SiloPlace? place = null, Action? listening = null)
    {
        place ??= _hub;
        var healthPort = Ports.Free();
        var silo = new SiloProcess(
            _folder, new Uri($"http://{place.Address}:{healthPort.ToString(CultureInfo.InvariantCulture)}/metrics"),
            [
                .. place.Enter,
                .. CommandProcess.Gmailcluster(
                    [
                        "silo", "--store", "store", "--cache", "cache", "--slots", "1", "--redis", _redisAddress, "--cluster", "struck", "--advertise", place.Address,
                        "--health-port", healthPort.ToString(CultureInfo.InvariantCulture), .. _secret, LocalCluster.ChildOption,
                    ]),
            ],
            Journal);
        lock (_lock)
        {
            _silos.Add(silo);
        }

        await silo.Listens();
        listening?.Invoke();
        await silo.Joined();
        return silo;
    }

    /// <summary>Runs a command that talks to the cluster.</summary>
    public async Task<CliRun> Command(params string[] args)
    {
        using var command = Begin(args);
        return await command.End();
    }

    /// <summary>Starts a command that talks to the cluster.</summary>
    public CommandProcess Begin(params string[] args) => CommandProcess.StartProgram(
        _folder, [.. _hub.Enter, .. CommandProcess.Gmailcluster([.. args, "--store", "store", "--redis", _redisAddress, "--cluster", "struck"])]);

    /// <summary>Kills what is left of it.</summary>
    public async ValueTask DisposeAsync()
    {
        SiloProcess[] silos;
        lock (_lock)
        {
            silos = [.. _silos];
        }

        foreach (var silo in silos)
        {
            silo.Dispose();
        }

        _redis.CloseInput();
        await _redis.End().WaitAsync(RedisLimit, TimeProvider.System);
        _redis.Dispose();
    }
}
