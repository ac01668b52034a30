using GmailCluster.Cli.Display;
using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;
using Microsoft.Extensions.Time.Testing;

namespace GmailCluster.Cli.Tests.Display;

public sealed class RunDisplayTests
{
    private static readonly Stage Import = Stage(StageKind.Import, "import train", 253, "pictures");
    private static readonly Stage Generate = Stage(StageKind.Generate, "generate", 500, "images");
    private static readonly Stage Caption = Stage(StageKind.Caption, "caption gmail seed 0", 100, "steps");

    [Fact]
    public void A_run_is_told_in_a_few_lines()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var time = new FakeTimeProvider();
        using var progress = new ProgressDisplay(CliContext.ForWriter(output), time);
        var display = new RunDisplay(progress, [Import, Generate, Caption]);

        display.Show(Status(Done(Import, cached: true), Running(Generate, 0), Pending(Caption)));
        for (var second = 1; second < 35; second += 9)
        {
            time.Advance(TimeSpan.FromSeconds(9));
            display.Show(Status(Done(Import, cached: true), Running(Generate, 14 * second), Pending(Caption)));
        }

        display.Show(Status(Done(Import, cached: true), Done(Generate), Running(Caption, 0)));
        display.Show(Status(Done(Import, cached: true), Done(Generate), Running(Caption, 60, before: 60)));
        time.Advance(TimeSpan.FromSeconds(4));
        display.Show(Status(Done(Import, cached: true), Done(Generate), Running(Caption, 80, before: 60, warning: "the checkpoint of step 70 was not written")));
        display.Show(Status(Done(Import, cached: true), Done(Generate), Running(Caption, 90, before: 60, warning: "the checkpoint of step 80 was not written")));
        time.Advance(TimeSpan.FromSeconds(0.5));
        display.Show(Status(Done(Import, cached: true), Done(Generate), Done(Caption)));
        display.Show(Status(Done(Import, cached: true), Done(Generate), Done(Caption)));

        Assert.Equal(
            """
            3 stages, 1 of them done before.
            generate: 14/500 images, 3 %, 1.6 images/s, 5 min 12 s left
            generate: 140/500 images, 28 %, 7.8 images/s, 46 s left
            generate: 266/500 images, 53 %, 14.0 images/s, 17 s left
            generate: 392/500 images, 78 %, 14.0 images/s, 7.7 s left
            generate: 500 images, 13.9 images/s (36 s)
            caption gmail seed 0: goes on after 60 of 100 steps.
            caption gmail seed 0: the checkpoint of step 70 was not written
            caption gmail seed 0: 100 steps, 60 of them before, 8.9 steps/s (4.5 s)

            """,
            output.ToString());
    }

    private static Stage Stage(StageKind kind, string title, long size, string unit) => new()
    {
        Key = ArtifactKey.Of(title, 1, title, []), Kind = kind, Title = title, Needs = [], Size = size, Unit = unit, Settings = "{}",
    };

    private static ExperimentStatus Status(params StageStatus[] stages) => new(StagePhase.Running, stages, null);

    private static StageStatus Pending(Stage stage) => new(stage.Key, new StageProgress(StagePhase.Pending, 0, stage.Size), false);

    private static StageStatus Running(Stage stage, long done, long before = 0, string? warning = null) =>
        new(stage.Key, new StageProgress(StagePhase.Running, done, stage.Size, null, null, before, warning), false);

    private static StageStatus Done(Stage stage, bool cached = false) => new(stage.Key, new StageProgress(StagePhase.Done, stage.Size, stage.Size), cached);
}
