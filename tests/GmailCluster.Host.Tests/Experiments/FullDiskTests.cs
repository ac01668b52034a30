using System.Collections.Concurrent;
using GmailCluster.Cluster.Stages;
using GmailCluster.Errors;
using GmailCluster.Grains;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Roles;
using GmailCluster.Results;
using GmailCluster.Specs;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Tests.Experiments;

/// <summary>The disk fills up at each kind of object that a run writes: the run ends with that reason, and goes on once there is room.</summary>
public sealed class FullDiskTests
{
    private const string OneCaptioner = "caption: { steps: 3, batch_size: 4 }";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/spec.yaml")]
    [InlineData("grains/experiment/")]
    [InlineData("grains/generation/")]
    [InlineData("grains/run/")]
    [InlineData("captions/")]
    [InlineData(".tar")]
    [InlineData("/leaf-")]
    [InlineData("/manifest.json")]
    [InlineData("features/")]
    [InlineData("stages/")]
    [InlineData("/losses.json")]
    [InlineData("/report.html")]
    public async Task A_run_ends_with_the_reason_and_goes_on_once_there_is_room(string full)
    {
        using var experiment = new TinyExperiment(OneCaptioner);
        var store = new FullDiskStore(experiment.Store, key => key.Contains(full, StringComparison.Ordinal));

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => Run(experiment, store, _ => { }));
        var results = await experiment.Run(slots: 2, Token);

        Assert.Contains(full, error.Message, StringComparison.Ordinal);
        Assert.Contains(FullDiskStore.Problem, error.Message, StringComparison.Ordinal);
        Assert.Equal(1, error.ExitCode);
        Assert.NotEmpty(results.Metrics);
    }

    [Fact]
    public async Task The_end_of_an_experiment_that_cannot_be_noted_is_a_failure_with_its_reason()
    {
        using var experiment = new TinyExperiment(OneCaptioner);
        var plan = await experiment.Plan(Token);
        var last = plan.Stages[^1].Key.Value;
        var isLastDone = false;
        var store = new FullDiskStore(experiment.Store, key =>
        {
            isLastDone |= key.Contains(last, StringComparison.Ordinal);
            return isLastDone && key.StartsWith("grains/experiment/", StringComparison.Ordinal);
        });

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => Run(experiment, store, _ => { }));

        Assert.Contains(FullDiskStore.Problem, error.Message, StringComparison.Ordinal);
        Assert.All(await Task.WhenAll(plan.Stages.Select(stage => StageRecords.Read(experiment.Store, stage.Key, Token))), Assert.NotNull);
    }

    [Fact]
    public async Task A_checkpoint_that_finds_no_room_is_told_and_training_goes_on()
    {
        using var experiment = new TinyExperiment("caption: { steps: 30, batch_size: 4 }");
        var store = new FullDiskStore(experiment.Store, key => key.Contains("/checkpoints/", StringComparison.Ordinal));
        var warnings = new ConcurrentDictionary<string, bool>();

        var results = await Run(experiment, store, status =>
        {
            foreach (var warning in status.Stages.Select(stage => stage.Progress.Warning).OfType<string>())
            {
                warnings[warning] = true;
            }
        });

        Assert.NotEmpty(results.Metrics);
        Assert.True(store.Refusals > 0);
        Assert.NotEmpty(warnings);
        Assert.All(warnings.Keys, warning => Assert.Matches("^the checkpoint of step [0-9]+ was not written, training goes on: .*disk or quota is full", warning));
    }

    private static async Task<ExperimentResults> Run(TinyExperiment experiment, FullDiskStore store, Action<ExperimentStatus> onStatus)
    {
        var run = await ExperimentRun.Plan(store, SpecReader.Read(experiment.SpecPath), TimeProvider.System, Token);
        await using var silo = await EmbeddedSilo.Start(store, 2, LogLevel.None, Token);
        return await run.Execute(silo, onStatus, Token).WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System, Token);
    }
}
