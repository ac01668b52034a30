using System.Text.Json;
using System.Text.RegularExpressions;
using GmailCluster.Cli.Tests.EndToEnd;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>The API as an operator starts it, and the clients' verbs through it: they see neither the store nor the cluster.</summary>
[Collection(nameof(UnbrokenCollection))]
public sealed partial class ApiVerbTests(UnbrokenRun unbroken)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_verbs_work_through_the_API_and_the_bits_are_those_of_a_run_on_one_machine()
    {
        using var experiment = UnbrokenRun.Fresh();
        var made = await CommandProcess.Run(experiment.Folder, "api", "token", "ann", "--scope", "write");
        await File.WriteAllTextAsync(Path.Combine(experiment.Folder, "tokens"), made.Out, Token);
        await File.WriteAllTextAsync(Path.Combine(experiment.Folder, "token"), made.Error, Token);
        using var api = CommandProcess.Start(experiment.Folder, "api", "--store", "store", "--listen", "127.0.0.1:0", "--tokens-file", "tokens", "--cache", "api-cache");
        var address = Address().Match(await api.Line(line => Address().IsMatch(line))).Value;
        using var cluster = CommandProcess.Start(experiment.Folder, "up", "--store", "store", "--cache", "cache", "--silos", "1", "--slots", "2");
        await cluster.Line(line => line.Contains(" is up on store ", StringComparison.Ordinal));
        await api.Line(line => line.Contains("Connected to cluster", StringComparison.Ordinal)); // it was there first, and found it

        Task<CliRun> Command(params string[] args) => CommandProcess.Run(experiment.Folder, [.. args, "--api", address, "--token-file", "token"]);

        var submitted = await Command("submit", "tiny.yaml", "--json");
        var id = JsonDocument.Parse(submitted.Out).RootElement.GetProperty("id").GetString()!;
        using (var logs = CommandProcess.Start(experiment.Folder, "logs", id, "--follow", "--api", address, "--token-file", "token"))
        {
            await logs.Line(line => line.EndsWith("generate started.", StringComparison.Ordinal));
        }

        var cancelled = await Command("cancel", "tiny");
        var unfinished = await Command("results", "tiny");
        var resumed = await Command("resume", "tiny");
        var watched = await Command("watch", "tiny");
        var status = await Command("status");
        var one = await Command("status", "tiny");
        var results = await Command("results", "tiny", "--html", "report.html");
        var wrong = await Command("status", "no-such");
        var again = await Command("submit", "tiny.yaml");

        Assert.Equal((await experiment.Plan(Token)).Id, id);
        Assert.Equal((0, $"{id} is cancelled. 'gmailcluster resume {id}' goes on from here.\n"), (cancelled.ExitCode, cancelled.Out));
        Assert.Equal((2, $"{id}: has no results: it was cancelled. 'gmailcluster status {id}' says how it stands.\n"), (unfinished.ExitCode, unfinished.Error));
        Assert.Equal((0, $"{id} goes on. 'gmailcluster watch {id}' follows it.\n"), (resumed.ExitCode, resumed.Out));
        Assert.Equal((0, ""), (watched.ExitCode, watched.Error));
        Assert.Contains(UnbrokenRun.Table(unbroken.Output), results.Out, StringComparison.Ordinal);
        Assert.Contains($"Report: {address}api/experiments/{id}/report", results.Out, StringComparison.Ordinal);
        Assert.Contains("<html", await File.ReadAllTextAsync(Path.Combine(experiment.Folder, "report.html"), Token), StringComparison.Ordinal);
        Assert.Contains($"{id}  done", status.Out, StringComparison.Ordinal);
        Assert.StartsWith($"{id} is done: 15 of 15 stages are done.\n", one.Out, StringComparison.Ordinal);
        Assert.Equal(2, wrong.ExitCode);
        Assert.StartsWith("no-such: is no experiment of ", wrong.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sent", again.Out, StringComparison.Ordinal); // everything is there
        Assert.Equal(unbroken.Hashes, await UnbrokenRun.AllHashes(experiment));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(experiment.Folder, "api-cache", "submissions")));

        api.Terminate();
        var ended = await api.End();
        cluster.Interrupt();
        Assert.Equal((0, 0), (ended.ExitCode, (await cluster.End()).ExitCode));
        Assert.DoesNotContain(made.Error.Trim(), ended.Out + ended.Error, StringComparison.Ordinal);
        await WholeStore.Check(experiment.StorePath);
    }

    [Fact]
    public async Task The_API_beyond_loopback_without_tokens_is_exit_code_2_and_the_way_to_make_one()
    {
        var run = await CliRun.Of("api", "--store", "nowhere", "--listen", "0.0.0.0:0");

        Assert.Equal(
            (2, "--tokens-file: is missing, and 0.0.0.0 can be reached by others. Make one with 'gmailcluster api token NAME --scope write >> tokens', or listen on 127.0.0.1.\n"),
            (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("ftp://x", "--api: is no address of an API. Write it as https://lab.example or http://127.0.0.1:8080.\n")]
    [InlineData("http://ann:secret@x", "--api: is no address of an API. Write it as https://lab.example or http://127.0.0.1:8080.\n")]
    public async Task An_address_that_is_none_is_refused_without_being_shown(string url, string message)
    {
        var run = await CliRun.Of("status", "--api", url);

        Assert.Equal((2, message), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task The_API_and_the_store_together_contradict_each_other()
    {
        var run = await CliRun.Of("status", "--api", "http://127.0.0.1:1", "--store", "x");

        Assert.Equal((2, "--api: is given with --store, --redis or --cluster. Give the API, or the store and Redis, not both.\n"), (run.ExitCode, run.Error));
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/")]
    private static partial Regex Address();
}
