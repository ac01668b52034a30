using GmailCluster.Data.Storage;
using GmailCluster.Host.Tests.Experiments;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>What the verbs of a cluster say when there is none, or no such experiment: what to do.</summary>
public sealed class ClientErrorTests : IDisposable
{
    private readonly TinyExperiment _experiment = new("caption: { steps: 1, batch_size: 4 }");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _experiment.Dispose();

    [Fact]
    public async Task Without_a_cluster_submit_says_how_to_start_one()
    {
        var run = await CliRun.Of("submit", _experiment.SpecPath, "--store", _experiment.StorePath);

        Assert.Equal(
            (1, $"{_experiment.StorePath}: has no cluster. Start one on it with 'gmailcluster up', or name the Redis of one that runs with --redis HOST:PORT.\n"),
            (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task A_Redis_that_does_not_answer_is_named_without_its_password()
    {
        var run = await CliRun.Of("submit", _experiment.SpecPath, "--store", _experiment.StorePath, "--redis", "127.0.0.1:1,password=quiet");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("Redis 127.0.0.1:1: does not answer. Start it, or correct --redis", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("quiet", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_that_is_none_is_answered_with_the_nearest()
    {
        var store = new FolderObjectStore(_experiment.StorePath);
        foreach (var id in new[] { "emoji-quick-0a1b2c3d", "emoji-full-0a1b2c3d", "emoji-full-ffffffff" })
        {
            await store.PutBytes($"experiments/{id}/spec.yaml", "name: x"u8.ToArray(), cancellationToken: Token);
        }

        async Task<(int, string)> Logs(string id)
        {
            var run = await CliRun.Of("logs", id, "--store", _experiment.StorePath);
            return (run.ExitCode, run.Error.Replace(_experiment.StorePath, "STORE", StringComparison.Ordinal));
        }

        Assert.Equal((2, "emoji-qiuck-0a1b2c3d: is no experiment of STORE. Did you mean emoji-quick-0a1b2c3d?\n"), await Logs("emoji-qiuck-0a1b2c3d"));
        Assert.Equal((2, "emoji-full: is the beginning of 2 experiments: emoji-full-0a1b2c3d, emoji-full-ffffffff. Write more of it.\n"), await Logs("emoji-full"));
        Assert.Equal((0, ""), await Logs("emoji-quick"));
    }

    [Fact]
    public async Task A_store_without_experiments_says_so()
    {
        var status = await CliRun.Of("status", "--store", _experiment.StorePath);
        var results = await CliRun.Of("results", "tiny", "--store", _experiment.StorePath);

        Assert.Equal((0, "No experiments yet: 'gmailcluster submit SPEC' starts one.\n"), (status.ExitCode, status.Out));
        Assert.Equal((2, $"tiny: is no experiment: {_experiment.StorePath} has none yet. Submit one, or name another store with --store.\n"), (results.ExitCode, results.Error));
    }

    [Theory]
    [InlineData("../secrets")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("..%2Fsecrets")]
    [InlineData("..\\secrets")]
    [InlineData("tiny-0a1b2c3d/../../secrets")]
    public async Task An_id_that_is_a_path_leads_nowhere(string id)
    {
        var store = new FolderObjectStore(_experiment.StorePath);
        foreach (var file in new[] { "spec.yaml", "events.jsonl", "status.json", "results.json", "report.html" })
        {
            await store.PutBytes($"experiments/tiny-0a1b2c3d/{file}", "inside"u8.ToArray(), cancellationToken: Token);
            await store.PutBytes($"secrets/{file}", "beside"u8.ToArray(), cancellationToken: Token);
        }

        foreach (var verb in new[] { "status", "logs", "results", "watch", "cancel", "resume" })
        {
            var run = await CliRun.Of(verb, id, "--store", _experiment.StorePath);

            Assert.Equal((2, ""), (run.ExitCode, run.Out));
            Assert.StartsWith($"{id}: is no experiment of {_experiment.StorePath}.", run.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--slots", "0", "--slots is 0, outside 1..1024.")]
    [InlineData("--silo-port", "70000", "--silo-port is 70000, outside 0..65535.")]
    public async Task A_silo_refuses_a_number_out_of_range(string option, string value, string message)
    {
        var run = await CliRun.Of("silo", "--store", _experiment.StorePath, option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }
}
