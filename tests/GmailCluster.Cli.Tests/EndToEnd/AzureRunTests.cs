using System.Security.Cryptography;
using GmailCluster.Data.Storage;
using GmailCluster.Data.Tests.Storage;
using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>The ordinary commands on blob storage: the same pipeline leaves the same bytes there as in a folder, and every verb finds them.</summary>
[Collection(AzuriteCollection.Name)]
public sealed class AzureRunTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_leaves_the_same_bytes_as_in_a_folder_and_every_verb_works_on_them()
    {
        using var experiment = new TinyExperiment("caption: { steps: 3, batch_size: 8 }").With("arms: [naive, gmail+real]", "arms: [gmail]");
        var location = $"{await Azurite.Shared.NewStore(Token)}/team/a";

        var inFolder = await CommandProcess.Run(experiment.Folder, "run", "tiny.yaml", "--store", "store");
        var run = await CommandProcess.Run(experiment.Folder, "run", "tiny.yaml", "--store", location);

        Assert.True(run is { ExitCode: 0, Error: "" }, $"{run.Out}\n{run.Error}");
        Assert.True(inFolder is { ExitCode: 0 }, inFolder.Error);
        var report = run.Out.Split('\n').Single(line => line.StartsWith("Report: ", StringComparison.Ordinal))["Report: ".Length..];
        Assert.StartsWith($"{location}/experiments/", report, StringComparison.Ordinal);
        Assert.EndsWith("/report.html", report, StringComparison.Ordinal);

        var store = ObjectStores.Open(location);
        var (theirs, ours) = (await Hashes(store), await Hashes(experiment.Store));
        Assert.True(ours.Count >= 15, string.Join('\n', ours.Keys));
        Assert.Equal(ours, theirs);

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

    // Everything but what carries times: records, grain state, and the experiment's own folder.
    private static async Task<SortedDictionary<string, string>> Hashes(IObjectStore store)
    {
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var item in store.List("", Token))
        {
            if (item.Key.Split('/')[0] is not ("stages" or "grains" or "experiments"))
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
}
