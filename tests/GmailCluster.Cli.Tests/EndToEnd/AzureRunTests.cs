using System.Security.Cryptography;
using GmailCluster.Data.Storage;
using GmailCluster.Data.Tests.Storage;
using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>The ordinary commands on blob storage: the same pipeline leaves the same bytes there as in a folder, and every verb finds them.</summary>
[Collection(AzuriteCollection.Name)]
public sealed class AzureRunTests(AzureRunTests.FolderRun folder) : IClassFixture<AzureRunTests.FolderRun>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_leaves_the_same_bytes_as_in_a_folder_and_every_verb_works_on_them()
    {
        var experiment = folder.Experiment;
        var location = $"{await Azurite.Shared.NewStore(Token)}/team/a";

        var run = await CommandProcess.Run(experiment.Folder, "run", "tiny.yaml", "--store", location);

        Assert.True(run is { ExitCode: 0, Error: "" }, $"{run.Out}\n{run.Error}");
        var report = run.Out.Split('\n').Single(line => line.StartsWith("Report: ", StringComparison.Ordinal))["Report: ".Length..];
        Assert.StartsWith($"{location}/experiments/", report, StringComparison.Ordinal);
        Assert.EndsWith("/report.html", report, StringComparison.Ordinal);

        var store = ObjectStores.Open(location);
        var theirs = await Hashes(store);
        Assert.True(theirs.Count >= 15, string.Join('\n', theirs.Keys));
        AssertSame(folder.Hashes, theirs);

        var again = await CommandProcess.Run(experiment.Folder, "run", "tiny.yaml", "--store", location);
        var plan = await CliRun.Of("plan", experiment.SpecPath, "--store", location);
        var verified = await CliRun.Of("verify", experiment.SpecPath, "--store", location, "--slots", "1");
        Assert.Equal(0, again.ExitCode);
        Assert.Matches(@"\n(\d+) stages: \1 cached, 0 would run\.\n$", plan.Out);
        Assert.True(verified.ExitCode == 0, verified.Out + verified.Error);
        Assert.Contains("are the same, bit for bit.", verified.Out, StringComparison.Ordinal);

        var results = await CliRun.Of("report", report[..report.LastIndexOf('/')], "--csv", Path.Combine(experiment.Folder, "figures.csv"));
        var whole = await CliRun.Of("inspect", location);
        var captioner = await Captioner(store);
        var inspected = await CliRun.Of("inspect", $"{location}/runs/{captioner}");
        var shard = await CliRun.Of("inspect", $"{location}/{theirs.Keys.First(key => key.EndsWith(".tar", StringComparison.Ordinal))}");
        var captions = await CliRun.Of(
            "caption", RepositoryRoot.At("samples", "emoji", "noto", "validation.tar"), "--model", $"runs/{captioner[..12]}", "--store", location,
            "--clip", RepositoryRoot.At("samples", "emoji", "emoji-clip"), "--beams", "1", "--max-tokens", "3");
        Assert.True(results.ExitCode == 0 && File.Exists(Path.Combine(experiment.Folder, "figures.csv")), results.Error);
        Assert.Contains($"{location}: store\n  finished stages: ", whole.Out, StringComparison.Ordinal);
        Assert.Contains("clipcap model", inspected.Out, StringComparison.Ordinal);
        Assert.Contains("  samples: ", shard.Out, StringComparison.Ordinal);
        Assert.True(captions.ExitCode == 0, captions.Error);
        Assert.Contains('\t', captions.Out);
    }

    [Fact]
    public async Task Three_silos_on_blob_storage_leave_the_bytes_of_a_run_in_a_folder()
    {
        var experiment = folder.Experiment;
        var location = $"{await Azurite.Shared.NewStore(Token)}/cluster";

        using var cluster = CommandProcess.Start(experiment.Folder, "up", "--silos", "3", "--slots", "1", "--store", location, "--cache", "cache");
        await cluster.Line(line => line.Contains($" is up on store {location}.", StringComparison.Ordinal));
        var run = await CommandProcess.Run(experiment.Folder, "submit", "tiny.yaml", "--watch", "--store", location);
        var results = await CommandProcess.Run(experiment.Folder, "results", "tiny", "--html", "report.html", "--store", location);
        cluster.Interrupt();
        var ended = await cluster.End();

        Assert.True(run.ExitCode == 0, $"{run.Out}\n{run.Error}\n{ended.Out}");
        Assert.Equal((0, 0), (results.ExitCode, ended.ExitCode));
        Assert.Contains($"Report: {location}/experiments/tiny-", results.Out, StringComparison.Ordinal);
        Assert.Contains("<html", await File.ReadAllTextAsync(Path.Combine(experiment.Folder, "report.html"), Token), StringComparison.Ordinal);
        AssertSame(folder.Hashes, await Hashes(ObjectStores.Open(location)));
    }

    [Theory]
    [InlineData("inspect", "is not there")]
    [InlineData("report", "is not there")]
    public async Task What_is_not_in_the_store_is_refused(string verb, string problem)
    {
        var run = await CliRun.Of(verb, $"{await Azurite.Shared.NewStore(Token)}/experiments/none");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_without_its_container_is_refused_before_anything_runs()
    {
        using var experiment = new TinyExperiment("caption: { steps: 3, batch_size: 8 }");

        var run = await CliRun.Of("run", experiment.SpecPath, "--store", $"azure://{Azurite.Account}/not-there/x");

        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.StartsWith($"azure://{Azurite.Account}/not-there/x: the container 'not-there' does not exist. Make it with ", run.Error, StringComparison.Ordinal);
    }

    private static void AssertSame(IReadOnlyDictionary<string, string> inFolder, IReadOnlyDictionary<string, string> inBlobs)
    {
        Assert.Empty(inFolder.Except(inBlobs));
        Assert.Empty(inBlobs.Except(inFolder));
    }

    // Everything but what carries times (records, timelines, the experiment's own folder) and what belongs to a cluster.
    private static async Task<SortedDictionary<string, string>> Hashes(IObjectStore store)
    {
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var item in store.List("", Token))
        {
            if (item.Key.Split('/')[0] is not ("stages" or "grains" or "experiments" or "inputs" or "running" or "probes") && item.Key.Split('/')[^1] is not "timeline.json")
            {
                hashes.Add(item.Key, Convert.ToHexStringLower(SHA256.HashData(await store.ReadAllBytes(item.Key, Token))));
            }
        }

        return hashes;
    }

    private static async Task<string> Captioner(IObjectStore store)
    {
        await foreach (var item in store.List("stages/", Token))
        {
            if (await store.ReadJson<StageRecord>(item.Key, Token) is { Kind: StageKind.Caption } record)
            {
                return record.Key.Value;
            }
        }

        throw new InvalidOperationException("There is no captioner.");
    }

    /// <summary>The run in a folder that the others are compared with.</summary>
    public sealed class FolderRun : IAsyncLifetime
    {
        internal TinyExperiment Experiment { get; } = new TinyExperiment("caption: { steps: 3, batch_size: 8 }")
            .With("arms: [naive, gmail+real]", "arms: [gmail]").With("shard_size: 20", "shard_size: 8");

        public IReadOnlyDictionary<string, string> Hashes { get; private set; } = new Dictionary<string, string>();

        public async ValueTask InitializeAsync()
        {
            var run = await CommandProcess.Run(Experiment.Folder, "run", "tiny.yaml", "--store", "store");
            Assert.True(run.ExitCode == 0, run.Error);
            Hashes = await AzureRunTests.Hashes(Experiment.Store);
        }

        public ValueTask DisposeAsync()
        {
            Experiment.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
