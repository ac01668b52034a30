using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Grains;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Roles;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Tests.Experiments;

public sealed class ExperimentRunTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_slots_never_change_the_result_and_a_second_run_does_nothing_again()
    {
        using var experiment = new TinyExperiment();

        // One rank at a time first, then all four at once.
        var results = await experiment.Run(slots: 1, Token);
        var compared = await TrainingVerification.Run(experiment.Store, await experiment.Plan(Token), slots: 4, _ => { }, TimeProvider.System, Token);
        var again = await experiment.Run(slots: 2, Token);

        Assert.All(compared, file => Assert.True(file.IsSame, $"{file.Stage}: {file.ObjectKey} differs"));
        Assert.Equal(1 + (2 * 4), compared.Select(file => file.Stage).Distinct().Count());
        Assert.All(again.Stages, stage => Assert.True(stage.Cached, $"{stage.Name} ran again"));
        Assert.Equal(results.Metrics, again.Metrics);
        Assert.Contains(results.Metrics, metric => metric.Metric == "CIDEr");
        Assert.NotEmpty(results.Gap);
        Assert.Equal(2, results.Pairs.Count);
        Assert.NotNull(await experiment.Store.Stat($"experiments/{(await experiment.Plan(Token)).Id}/report.html", Token));
    }

    [Fact]
    public async Task Generating_twice_gives_the_same_tars_and_features_byte_for_byte()
    {
        using var first = new TinyExperiment("caption: { steps: 1, batch_size: 4 }");
        using var second = new TinyExperiment("caption: { steps: 1, batch_size: 4 }");

        await first.Run(slots: 1, Token);
        await second.Run(slots: 3, Token);

        bool Made(StageKind kind) => kind is StageKind.Import or StageKind.Generate or StageKind.Features;
        Assert.Equal(await first.Hashes(Made, Token), await second.Hashes(Made, Token));
    }

    [Fact]
    public async Task Without_images_of_test_captions_there_is_no_gap_to_measure_and_no_error()
    {
        using var experiment = new TinyExperiment("caption: { steps: 1, batch_size: 4 }", promptSplits: "validation");

        var results = await experiment.Run(slots: 2, Token);

        Assert.Empty(results.Gap);
        Assert.Null(results.Map);
        Assert.NotEmpty(results.Metrics);
    }

    [Fact]
    public async Task A_cancelled_run_goes_on_from_its_checkpoint_and_ends_with_the_same_bits()
    {
        using var unbroken = new TinyExperiment("caption: { steps: 8, batch_size: 8 }");
        using var broken = new TinyExperiment("caption: { steps: 8, batch_size: 8 }");
        await unbroken.Run(slots: 2, Token);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunUntilCaptionTrains(broken, stop));
        var results = await broken.Run(slots: 2, Token);

        static bool Trained(StageKind kind) => kind is StageKind.Align or StageKind.Caption;
        Assert.Equal(await unbroken.Hashes(Trained, Token), await broken.Hashes(Trained, Token));
        Assert.Contains(results.Stages, stage => stage.Cached);
    }

    [Fact]
    public async Task A_shard_that_was_altered_is_refused_by_name()
    {
        using var experiment = new TinyExperiment("caption: { steps: 1, batch_size: 4 }");
        await experiment.Run(slots: 2, Token);
        var plan = await experiment.Plan(Token);
        var generate = plan.Stages.Single(stage => stage.Kind is StageKind.Generate);
        var shard = (await experiment.Hashes(kind => kind is StageKind.Generate, Token)).Keys.First();
        var bytes = await experiment.Store.ReadAllBytes(shard, Token);
        await experiment.Store.PutBytes(shard, bytes.AsMemory(0, bytes.Length - 700).ToArray(), PutCondition.Always, Token);
        foreach (var needer in plan.Stages.Where(stage => stage.Needs.Contains(generate.Key)))
        {
            await experiment.Store.Delete(StageRecord.ObjectKey(needer.Key), null, Token);
        }

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => experiment.Run(slots: 2, Token));

        Assert.Contains(Path.GetFileName(shard), error.Message, StringComparison.Ordinal);
    }

    private static async Task RunUntilCaptionTrains(TinyExperiment experiment, CancellationTokenSource stop)
    {
        var run = await experiment.Plan(stop.Token);
        var captions = run.Stages.Where(stage => stage.Kind is StageKind.Caption).Select(stage => stage.Key).ToHashSet();
        await using var silo = await EmbeddedSilo.Start(experiment.Store, 1, LogLevel.None, stop.Token);
        await run.Execute(silo, StopInTheMiddle, stop.Token);

        void StopInTheMiddle(ExperimentStatus status)
        {
            if (status.Stages.Any(stage => captions.Contains(stage.Key) && stage.Progress is { Phase: StagePhase.Running, Done: > 1 }))
            {
                stop.Cancel();
            }
        }
    }
}
