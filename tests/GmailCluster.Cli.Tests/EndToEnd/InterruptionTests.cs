using System.Globalization;
using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Storage;
using GmailCluster.Host.Tests.Experiments;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>A run that is stopped or killed at work, and one that is done: the same command goes on and ends with the same bits.</summary>
[Collection(nameof(UnbrokenCollection))]
public sealed class InterruptionTests(UnbrokenRun unbroken)
{
    private const int TrainedSteps = 10;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ctrl_C_while_a_captioner_trains_stops_cleanly_and_run_goes_on()
    {
        using var experiment = UnbrokenRun.Fresh();
        using var command = CommandProcess.Start(experiment.Folder, "run", "tiny.yaml", "--store", "store");
        var captioner = await UntilACaptionerHasTrained(command, experiment);

        command.Interrupt();
        var stopped = await command.End();
        var left = LastCheckpoint(experiment, captioner);
        await WholeStore.Check(experiment.StorePath);
        var resumed = await UnbrokenRun.Run(experiment);

        Assert.Equal((130, "Stopped. The same command goes on from here.\n"), (stopped.ExitCode, stopped.Error));
        await AssertResumed(experiment, resumed, captioner, left);
    }

    [Fact]
    public async Task Kill_9_while_a_captioner_trains_loses_no_more_than_the_steps_since_the_last_checkpoint()
    {
        using var experiment = UnbrokenRun.Fresh();
        using var command = CommandProcess.Start(experiment.Folder, "run", "tiny.yaml", "--store", "store");
        var captioner = await UntilACaptionerHasTrained(command, experiment);

        command.Kill();
        await command.End();
        var left = LastCheckpoint(experiment, captioner);
        await WholeStore.Check(experiment.StorePath);
        var resumed = await UnbrokenRun.Run(experiment);

        await AssertResumed(experiment, resumed, captioner, left);
    }

    [Fact]
    public async Task A_checkpoint_that_was_cut_is_passed_over_by_name_for_the_one_before()
    {
        using var experiment = UnbrokenRun.Fresh();
        using var command = CommandProcess.Start(experiment.Folder, "run", "tiny.yaml", "--store", "store");
        var captioner = await UntilACaptionerHasTrained(command, experiment);
        command.Kill();
        await command.End();
        var newest = Checkpoints(experiment, captioner).Max(folder => folder.Name)!;
        var before = Checkpoints(experiment, captioner).Select(folder => folder.Name).Order(StringComparer.Ordinal).SkipLast(1).Last();
        using (var file = File.OpenWrite(Path.Combine(experiment.StorePath, "runs", captioner.Key.Value, "checkpoints", newest, "optimizer.safetensors")))
        {
            file.SetLength(file.Length / 2);
        }

        var resumed = await UnbrokenRun.Run(experiment);

        Assert.Equal(0, resumed.ExitCode);
        var notes = (await StageRecords.Read(experiment.Store, captioner.Key, Token))!.Notes;
        Assert.Contains(notes, note => note == $"resumed at step {StepOf(before)}");
        Assert.Contains(notes, note => note.Contains($"passed over a checkpoint: runs/{captioner.Key}/checkpoints/{newest}/optimizer.safetensors", StringComparison.Ordinal));
        Assert.Equal(unbroken.Hashes, await UnbrokenRun.AllHashes(experiment));
    }

    [Fact]
    public async Task Kill_9_while_images_are_made_loses_no_committed_shard()
    {
        using var experiment = UnbrokenRun.Fresh();
        var generate = (await experiment.Plan(Token)).Stages.Single(stage => stage.Kind is StageKind.Generate);
        using var command = CommandProcess.Start(experiment.Folder, "run", "tiny.yaml", "--store", "store");
        await command.Until(experiment.StorePath, () => File.Exists(Path.Combine(experiment.StorePath, "images", generate.Key.Value, "leaf-00000.json")));

        command.Kill();
        await command.End();
        Assert.Null(await StageRecords.Read(experiment.Store, generate.Key, Token));
        await WholeStore.Check(experiment.StorePath);
        var resumed = await UnbrokenRun.Run(experiment);

        Assert.Equal((0, ""), (resumed.ExitCode, resumed.Error));
        Assert.InRange((await StageRecords.Read(experiment.Store, generate.Key, Token))!.Items, 1, generate.Size - 8);
        Assert.Equal(unbroken.Hashes, await UnbrokenRun.AllHashes(experiment));
    }

    [Fact]
    public async Task A_second_run_does_nothing_and_prints_the_same_table()
    {
        var before = await WholeStore.Objects(new FolderObjectStore(unbroken.StorePath));

        var again = await unbroken.RunAgain();

        Assert.Equal((0, ""), (again.ExitCode, again.Error));
        Assert.StartsWith("15 stages, 15 of them done before.\n                       naive  gmail+real\n", again.Out, StringComparison.Ordinal);
        Assert.Contains(UnbrokenRun.Table(unbroken.Output), again.Out, StringComparison.Ordinal);
        var after = (await WholeStore.Objects(new FolderObjectStore(unbroken.StorePath))).ToDictionary(item => item.Key);
        Assert.Equal(before.Select(item => item.Key), after.Keys);
        Assert.All(
            before.Where(item => !item.Key.StartsWith("experiments/", StringComparison.Ordinal) && !item.Key.StartsWith("grains/experiment/", StringComparison.Ordinal)),
            item => Assert.Equal(item, after[item.Key]));
    }

    [Fact]
    public void Output_that_is_no_terminal_is_plain_lines_without_noise()
    {
        var lines = unbroken.Output.Out.TrimEnd().Split('\n');

        Assert.Equal((0, ""), (unbroken.Output.ExitCode, unbroken.Output.Error));
        Assert.Equal("15 stages to do.", lines[0]);
        Assert.DoesNotContain('\u001b', unbroken.Output.Out);
        Assert.DoesNotContain(lines, line => line.Contains(", 0 %", StringComparison.Ordinal) || line.Contains("100 %", StringComparison.Ordinal));
        Assert.Single(lines, line => line.StartsWith("generate: 48 images", StringComparison.Ordinal));
        Assert.Matches(@"^caption naive seed 0: 60 steps(, [0-9.]+ steps/s)? \([0-9.]+ s\)$", Assert.Single(lines, line => line.StartsWith("caption naive seed 0: 60 steps", StringComparison.Ordinal)));
    }

    private static async Task<Stage> UntilACaptionerHasTrained(CommandProcess command, TinyExperiment experiment)
    {
        var captioners = (await experiment.Plan(Token)).Stages.Where(stage => stage.Kind is StageKind.Caption).ToArray();
        Stage? trained = null;
        await command.Until(experiment.StorePath, () => (trained = Array.Find(captioners, stage => LastCheckpoint(experiment, stage) >= TrainedSteps)) is not null);
        return trained!;
    }

    private static int LastCheckpoint(TinyExperiment experiment, Stage stage) =>
        Checkpoints(experiment, stage).Select(step => StepOf(step.Name)).DefaultIfEmpty(0).Max();

    private static IReadOnlyList<DirectoryInfo> Checkpoints(TinyExperiment experiment, Stage stage)
    {
        var folder = new DirectoryInfo(Path.Combine(experiment.StorePath, "runs", stage.Key.Value, "checkpoints"));
        return folder.Exists ? [.. folder.EnumerateDirectories().Where(step => File.Exists(Path.Combine(step.FullName, "COMMIT")))] : [];
    }

    // step-000120, or step-000120-g000002 with the generation number of its writer.
    private static int StepOf(string folder) => int.Parse(folder.AsSpan("step-".Length, 6), CultureInfo.InvariantCulture);

    private async Task AssertResumed(TinyExperiment experiment, CliRun resumed, Stage captioner, int step)
    {
        Assert.InRange(step, TrainedSteps, captioner.Size - 1);
        Assert.Equal((0, ""), (resumed.ExitCode, resumed.Error));
        Assert.Matches(@"^15 stages, ([4-9]|1[0-3]) of them done before\.\n", resumed.Out);
        Assert.DoesNotContain("generate: ", resumed.Out, StringComparison.Ordinal);
        var record = (await StageRecords.Read(experiment.Store, captioner.Key, Token))!;
        Assert.Equal([$"resumed at step {step}"], record.Notes);
        Assert.Equal(unbroken.Hashes, await UnbrokenRun.AllHashes(experiment));
        Assert.Contains(UnbrokenRun.Table(unbroken.Output), resumed.Out, StringComparison.Ordinal);
    }
}
