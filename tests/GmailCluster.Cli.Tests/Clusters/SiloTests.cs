using System.Globalization;
using System.Net;
using System.Net.Sockets;
using GmailCluster.Data.Storage;
using GmailCluster.Host.Tests.Experiments;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>One silo as an orchestrator runs it: probes while it lives, SIGTERM at its end.</summary>
public sealed class SiloTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Probes_tell_that_it_is_ready_Prometheus_gets_metrics_and_SIGTERM_ends_it_with_0()
    {
        var port = FreePort();
        using var silo = CommandProcess.Start(
            _folder, "silo", "--store", "store", "--slots", "1", "--cache", "cache", "--health-port", port.ToString(CultureInfo.InvariantCulture));
        await silo.Line(line => line.StartsWith("Silo 127.0.0.1:", StringComparison.Ordinal));

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}") };
        var answers = new[] { await http.GetStringAsync("/livez", Token), await http.GetStringAsync("/startupz", Token), await http.GetStringAsync("/readyz", Token) };
        var metrics = await http.GetStringAsync("/metrics", Token);
        silo.Terminate();
        var ended = await silo.End();

        Assert.Equal(["alive", "ok", "ok"], answers);
        Assert.Contains("# TYPE orleans_", metrics, StringComparison.Ordinal);
        Assert.Equal(0, ended.ExitCode);
        Assert.EndsWith("Leaving the cluster ...\nLeft.\n", ended.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_is_gone_makes_it_unready_but_not_dead()
    {
        var port = FreePort();
        using var silo = CommandProcess.Start(
            _folder, "silo", "--store", "store", "--slots", "1", "--cache", "cache", "--health-port", port.ToString(CultureInfo.InvariantCulture));
        await silo.Line(line => line.StartsWith("Silo 127.0.0.1:", StringComparison.Ordinal));
        Directory.Delete(Path.Combine(_folder, "store"), recursive: true);
        await File.WriteAllTextAsync(Path.Combine(_folder, "store"), "a file where the folder was", Token);

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}") };
        using var ready = await http.GetAsync(new Uri("/readyz", UriKind.Relative), Token);
        using var live = await http.GetAsync(new Uri("/livez", UriKind.Relative), Token);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the store has lost its content"), (ready.StatusCode, await ready.Content.ReadAsStringAsync(Token)));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
    }

    [Fact]
    public async Task Without_Redis_up_makes_a_development_cluster_and_says_what_that_means()
    {
        // A PATH without redis-server.
        var programs = Directory.CreateDirectory(Path.Combine(_folder, "programs")).FullName;
        foreach (var name in new[] { "env", "setsid", "dotnet" })
        {
            File.CreateSymbolicLink(Path.Combine(programs, name), Found(name));
        }

        using var up = CommandProcess.StartWith(_folder, programs, "up", "--silos", "2", "--slots", "1", "--store", "store", "--cache", "cache");
        await up.Line(line => line.Contains(" is up on store ", StringComparison.Ordinal));
        var unknown = await CommandProcess.Run(_folder, "status", "some-id", "--store", "store");
        var second = await CommandProcess.Run(_folder, "up", "--store", "store");
        using var experiment = new TinyExperiment("caption: { steps: 1, batch_size: 4 }");
        File.Copy(Path.Combine(_folder, "store", "cluster.json"), Path.Combine(Directory.CreateDirectory(experiment.StorePath).FullName, "cluster.json"));
        var astray = await CommandProcess.Run(experiment.Folder, "submit", "tiny.yaml", "--store", "store");
        up.Interrupt();
        var ended = await up.End();

        Assert.StartsWith("redis-server is not installed: ", ended.Out, StringComparison.Ordinal);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        Assert.Equal((2, $"some-id: is no experiment: {Path.Combine(_folder, "store")} has none yet. Submit one, or name another store with --store.\n"), (unknown.ExitCode, unknown.Error));
        Assert.Equal((2, $"--store: names another store than the cluster's, which is {Path.Combine(_folder, "store")}. Name that one, as this machine reaches it.\n"), (astray.ExitCode, astray.Error));
        Assert.Equal(2, second.ExitCode);
        Assert.Contains($"has a cluster already: process {up.Id} runs it.", second.Error, StringComparison.Ordinal);
        Assert.Null(await new FolderObjectStore(Path.Combine(_folder, "store")).Stat("cluster.json", Token));
    }

    private static string Found(string name) => Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, name)).First(File.Exists);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
