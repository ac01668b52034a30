using GmailCluster.Cluster.Stages;
using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Tests.Clusters;

/// <summary>An alignment and captioners, trained by one process that nothing happened to.</summary>
public sealed class CalmTraining : IAsyncLifetime
{
    /// <summary>SHA-256 of every file that training left, by the run's title and the file's name.</summary>
    public IReadOnlyDictionary<string, string> Weights { get; private set; } = new Dictionary<string, string>();

    /// <summary>The same spec in a folder of its own, nothing done yet.</summary>
    internal static TinyExperiment Fresh() => new TinyExperiment("caption: { steps: 80, batch_size: 8 }", "validation")
        .With("steps: 3\n", "steps: 60\n")
        .With("arms: [naive, gmail+real]", "arms: [gmail]")
        .With("every_steps: 1 ", "every_steps: 20 ");

    /// <summary>What training left.</summary>
    internal static async Task<IReadOnlyDictionary<string, string>> Trained(TinyExperiment experiment)
    {
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var stage in (await experiment.Plan(TestContext.Current.CancellationToken)).Stages.Where(stage => stage.Kind is StageKind.Align or StageKind.Caption))
        {
            var record = await StageRecords.Read(experiment.Store, stage.Key, TestContext.Current.CancellationToken);
            Assert.True(record is not null, $"{stage.Title} is not done.");
            foreach (var file in record.Files)
            {
                hashes[$"{stage.Title}: {Path.GetFileName(file.ObjectKey)}"] = file.Sha256;
            }
        }

        return hashes;
    }

    public async ValueTask InitializeAsync()
    {
        using var experiment = Fresh();
        var run = await CommandProcess.Run(experiment.Folder, "run", "tiny.yaml", "--store", "store");
        Assert.Equal(0, run.ExitCode);
        Weights = await Trained(experiment);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
