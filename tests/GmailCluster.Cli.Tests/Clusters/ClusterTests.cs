using System.Text.Json;
using GmailCluster.Cli.Tests.EndToEnd;
using GmailCluster.Host.Tests.Experiments;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>A cluster as a user runs it: real silos, a real Redis, the real command.</summary>
[Collection(nameof(UnbrokenCollection))]
public sealed class ClusterTests(UnbrokenRun unbroken)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Three_silos_of_which_one_is_killed_end_with_the_bits_of_a_run_on_one()
    {
        using var experiment = UnbrokenRun.Fresh();
        using var cluster = Up(experiment, "--silos", "3", "--slots", "1");
        await cluster.Line(IsUp);
        var started = LocalProcesses.Under(cluster.Id);
        var submitted = await Command(experiment, "submit", "tiny.yaml", "--json");
        Assert.True(submitted.ExitCode == 0, submitted.Error);
        var id = JsonDocument.Parse(submitted.Out).RootElement.GetProperty("id").GetString()!;
        using var watch = CommandProcess.Start(experiment.Folder, "watch", id, "--store", "store");
        using var logs = CommandProcess.Start(experiment.Folder, "logs", id, "--follow", "--store", "store");

        await logs.Line(line => line.EndsWith("generate started.", StringComparison.Ordinal));
        LocalProcesses.Silos(cluster.Id)[0].Kill();
        var watched = await watch.End();
        var logged = await logs.End();
        var results = await Command(experiment, "results", "tiny", "--html", "report.html");
        var status = await Command(experiment, "status", "--json");
        cluster.Interrupt();
        var ended = await cluster.End();

        Assert.Equal((0, "", 0, ""), (watched.ExitCode, watched.Error, logged.ExitCode, logged.Error));
        Assert.Equal(0, results.ExitCode);
        Assert.StartsWith("15 stages, 3 of them done before.\n", watched.Out, StringComparison.Ordinal);
        Assert.EndsWith("Done.\n", logged.Out, StringComparison.Ordinal);
        Assert.Equal(unbroken.Hashes, await UnbrokenRun.AllHashes(experiment));
        Assert.Contains(UnbrokenRun.Table(unbroken.Output), results.Out, StringComparison.Ordinal);
        Assert.Contains("<html", await File.ReadAllTextAsync(Path.Combine(experiment.Folder, "report.html"), Token), StringComparison.Ordinal);
        Assert.Equal("done", JsonDocument.Parse(status.Out).RootElement[0].GetProperty("phase").GetString());
        Assert.Contains("ended with exit code 137; the cluster goes on with 2.", ended.Out, StringComparison.Ordinal);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
        await LocalProcesses.AllEnded(started);
        Assert.Null(await experiment.Store.Stat("cluster.json", Token));
        await WholeStore.Check(experiment.StorePath);
    }

    [Fact]
    public async Task An_experiment_is_cancelled_resumed_and_goes_on_with_the_next_cluster_when_the_first_is_killed()
    {
        using var experiment = UnbrokenRun.Fresh();
        using (var first = Up(experiment, "--silos", "1", "--slots", "2"))
        {
            await first.Line(IsUp);
            await Command(experiment, "submit", "tiny.yaml");
            using var logs = CommandProcess.Start(experiment.Folder, "logs", "tiny", "--follow", "--store", "store");
            await logs.Line(line => line.EndsWith("generate started.", StringComparison.Ordinal));

            var cancelled = await Command(experiment, "cancel", "tiny");
            var unfinished = await Command(experiment, "results", "tiny");
            var resumed = await Command(experiment, "resume", "tiny");

            var id = (await experiment.Plan(Token)).Id;
            Assert.Equal((0, $"{id} is cancelled. 'gmailcluster resume {id}' goes on from here.\n"), (cancelled.ExitCode, cancelled.Out));
            Assert.Equal((2, $"{id}: has no results: it was cancelled. 'gmailcluster status {id}' says how it stands.\n"), (unfinished.ExitCode, unfinished.Error));
            Assert.Equal((0, $"{id} goes on. 'gmailcluster watch {id}' follows it.\n"), (resumed.ExitCode, resumed.Out));

            var children = LocalProcesses.Under(first.Id);
            first.Kill();
            await LocalProcesses.AllEnded(children); // nobody told them, and none is left
        }

        using var second = Up(experiment, "--silos", "1", "--slots", "2");
        await second.Line(IsUp);
        var watched = await Command(experiment, "watch", "tiny");

        Assert.Equal(0, watched.ExitCode);
        Assert.Equal(unbroken.Hashes, await UnbrokenRun.AllHashes(experiment));
        second.Interrupt();
        Assert.Equal(0, (await second.End()).ExitCode);
    }

    private static CommandProcess Up(TinyExperiment experiment, params string[] args) =>
        CommandProcess.Start(experiment.Folder, ["up", "--store", "store", "--cache", "cache", .. args]);

    private static Task<CliRun> Command(TinyExperiment experiment, params string[] args) =>
        CommandProcess.Run(experiment.Folder, [.. args, "--store", "store"]);

    private static bool IsUp(string line) => line.Contains(" is up on store ", StringComparison.Ordinal);
}
