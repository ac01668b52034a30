using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>An experiment that ran to its end in one go, for others to be compared with; long enough to be interrupted.</summary>
public sealed class UnbrokenRun : IAsyncLifetime
{
    private TinyExperiment? _experiment;

    /// <summary>SHA-256 of every file that its stages left, by key.</summary>
    public IReadOnlyDictionary<string, string> Hashes { get; private set; } = new Dictionary<string, string>();

    /// <summary>What it printed.</summary>
    internal CliRun Output { get; private set; } = new(-1, "", "");

    /// <summary>The same spec in a folder of its own, nothing done yet.</summary>
    internal static TinyExperiment Fresh()
    {
        var experiment = new TinyExperiment("caption: { steps: 60, batch_size: 8 }")
            .With("shard_size: 20, batch_size: 8", "shard_size: 8, batch_size: 4")
            .With("steps: 2, guidance_scale: 2", "steps: 8, guidance_scale: 2")
            .With("every_steps: 1 ", "every_steps: 5 ");
        Directory.CreateDirectory(Path.Combine(experiment.StorePath, "~tmp")); // every write passes through it: there to be watched
        return experiment;
    }

    internal static Task<CliRun> Run(TinyExperiment experiment) => CommandProcess.Run(experiment.Folder, "run", "tiny.yaml", "--store", "store");

    public async ValueTask InitializeAsync()
    {
        _experiment = Fresh();
        Output = await Run(_experiment);
        Hashes = await AllHashes(_experiment);
    }

    public ValueTask DisposeAsync()
    {
        _experiment?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs the finished experiment again.</summary>
    internal Task<CliRun> RunAgain() => Run(_experiment!);

    /// <summary>The table of arms in what was printed.</summary>
    internal static string Table(CliRun run) =>
        string.Join('\n', run.Out.Split('\n').SkipWhile(line => !line.StartsWith(' ')).TakeWhile(line => line.Length > 0));

    internal string StorePath => _experiment!.StorePath;

    /// <summary>The keys hold the experiment's own folder nowhere: equal work has equal keys wherever it is done.</summary>
    internal static Task<IReadOnlyDictionary<string, string>> AllHashes(TinyExperiment experiment) =>
        experiment.Hashes(kind => kind is not (StageKind.Evaluate or StageKind.Gap), TestContext.Current.CancellationToken);
}
