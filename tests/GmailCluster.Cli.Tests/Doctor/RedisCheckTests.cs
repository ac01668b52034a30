using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using GmailCluster.Cli.Doctor;

namespace GmailCluster.Cli.Tests.Doctor;

/// <summary>The doctor at a Redis that is well, one that is not as it should be, and none.</summary>
public sealed class RedisCheckTests
{
    [Fact]
    public async Task A_Redis_that_answers_is_well()
    {
        using var redis = await LocalRedis.Start();

        var run = await CliRun.Of("doctor", "--store", Path.Combine(Path.GetTempPath(), "gmailcluster-doctor-none"), "--redis", redis.Address);

        Assert.True(run.ExitCode == 0, run.Out);
        Assert.Matches($@"ok       Redis: {redis.Address} answers in [\d.]+ ms", run.Out);
    }

    [Theory]
    [InlineData("--maxmemory-policy allkeys-lru", "evicts keys when memory is short (allkeys-lru). Set maxmemory-policy noeviction")]
    [InlineData("--requirepass secret", "does not answer (AuthenticationFailure). Start it, or correct --redis; a password is written as HOST:PORT,password=...")]
    [InlineData("--min-replicas-to-write 1", "refuses: NOREPLICAS")]
    public async Task A_Redis_that_cannot_hold_the_membership_is_a_problem(string options, string problem)
    {
        using var redis = await LocalRedis.Start(options.Split(' '));

        var finding = await RedisCheck.Run(redis.Address, TimeProvider.System);

        Assert.StartsWith($"problem  Redis: {redis.Address} ", finding.ToString(), StringComparison.Ordinal);
        Assert.Contains(problem, finding.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_Redis_is_a_problem_and_its_password_is_not_shown()
    {
        var finding = await RedisCheck.Run($"127.0.0.1:{LocalRedis.FreePort()},password=hunter2", TimeProvider.System);

        Assert.Contains("does not answer", finding.Seen, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", finding.ToString(), StringComparison.Ordinal);
    }

    private sealed class LocalRedis : IDisposable
    {
        private readonly Process _process;

        private LocalRedis(Process process, string port) => (_process, Address) = (process, $"127.0.0.1:{port}");

        public string Address { get; }

        public static async Task<LocalRedis> Start(params string[] options)
        {
            var port = FreePort();
            string[] arguments = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", .. options];
            var redis = new LocalRedis(Process.Start(new ProcessStartInfo("redis-server", arguments) { RedirectStandardOutput = true })!, port);
            while (await redis._process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
                {
                    return redis;
                }
            }

            throw new InvalidOperationException("redis-server ended before it listened.");
        }

        public static string FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            _process.Kill();
            _process.Dispose();
        }
    }
}
