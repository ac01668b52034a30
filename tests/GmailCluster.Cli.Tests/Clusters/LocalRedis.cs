using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using GmailCluster.Host.Roles;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>A Redis of this machine, with a password if wanted.</summary>
internal sealed class LocalRedis : IAsyncDisposable
{
    private readonly Process _process;

    private LocalRedis(Process process, string address, string options) => (_process, Address, Options) = (process, address, options);

    /// <summary><c>HOST:PORT</c>.</summary>
    public string Address { get; }

    /// <summary>What <c>--redis</c> is given: the address, and the password if there is one.</summary>
    public string Options { get; }

    public static async Task<LocalRedis> Start(string? password = null)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        probe.Stop();
        string[] secret = password is null ? [] : ["--requirepass", password];
        var start = new ProcessStartInfo("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", .. secret]) { RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        var address = $"127.0.0.1:{port}";
        var redis = new LocalRedis(process, address, password is null ? address : $"{address},password={password}");
        await RedisServer.WaitFor(redis.Options, TimeSpan.FromSeconds(30), TimeProvider.System, TestContext.Current.CancellationToken);
        return redis;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
