using System.Runtime.Versioning;
using GmailCluster.Host.Tests.Experiments;

namespace GmailCluster.Cli.Tests.EndToEnd;

/// <summary>What people give by mistake, through the real command: a message to act on, its exit code, and a store in which nothing is half written.</summary>
public sealed class BadInputTests : IDisposable
{
    private static readonly string Emoji = RepositoryRoot.At("samples", "emoji");

    private readonly TinyExperiment _experiment = new("caption: { steps: 2, batch_size: 4 }");

    private string Store => _experiment.StorePath;

    public void Dispose() => _experiment.Dispose();

    [Fact]
    public async Task A_missing_file()
    {
        _experiment.With("noto/validation.tar", "noto/validatoin.tar");

        var run = await Run();

        Assert.Equal(
            Refused("tiny.yaml:9: data.train.path is 'EMOJI/noto/validatoin.tar', which is not there. Correct the path, or put the file there."),
            run);
        Assert.False(Directory.Exists(Store));
    }

    [Fact]
    public async Task A_truncated_tar()
    {
        var bytes = await File.ReadAllBytesAsync(Path.Combine(Emoji, "noto", "validation.tar"), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(At("train.tar"), bytes[..100_000], TestContext.Current.CancellationToken);
        _experiment.With($"{Emoji}/noto/validation.tar", "train.tar");

        var run = await Run();

        Assert.Equal(
            Refused("FOLDER/train.tar, offset 98816: the tar is truncated: '1f1f1-1f1fe.png' should reach to byte 101888, but the file ends at 100000. Fetch or make the file again."),
            run);
        await WholeStore.Check(Store);
    }

    [Fact]
    public async Task A_corrupt_png_in_a_tar()
    {
        var picture = DamagedFiles.CorruptPng(Path.Combine(Emoji, "noto", "validation.tar"), At("train.tar"));
        _experiment.With($"{Emoji}/noto/validation.tar", "train.tar");

        var run = await Run();

        Assert.Equal(
            Refused($"import train: FOLDER/train.tar: {picture}: is damaged: its picture cannot be decoded (ErrorInInput). Replace the file, or leave it out."),
            run with { Out = "" });
        await WholeStore.Check(Store);
    }

    [Fact]
    public async Task Weights_of_a_wrong_shape()
    {
        DamagedFiles.CopyModel(Path.Combine(Emoji, "emoji-clip"), At("clip"), withWeights: true);
        DamagedFiles.SwapShape(At("clip/model.safetensors"), "visual_projection.weight");
        _experiment.With($"{Emoji}/emoji-clip", "clip");

        var run = await Run();

        // Several stages read the model at once: whichever comes first tells.
        var stage = run.Error[..run.Error.IndexOf(": ", StringComparison.Ordinal)];
        Assert.EndsWith(" through CLIP", stage, StringComparison.Ordinal);
        Assert.Equal(
            Refused($"{stage}: FOLDER/clip/model.safetensors: has 'visual_projection.weight' of shape [192, 128], but the model wants [128, 192]. Check that config and weights belong together."),
            run with { Out = "" });
        await WholeStore.Check(Store);
    }

    [Fact]
    public async Task A_model_folder_that_holds_a_pickle()
    {
        DamagedFiles.CopyModel(Path.Combine(Emoji, "emoji-clip"), At("clip"), withWeights: false);
        await File.WriteAllBytesAsync(At("clip/pytorch_model.bin"), [0x80, 2, (byte)'}', (byte)'.'], TestContext.Current.CancellationToken);
        _experiment.With($"{Emoji}/emoji-clip", "clip");

        var run = await Run();

        Assert.Equal(
            Refused("tiny.yaml:4: models.clip is 'clip', whose only weights are in pytorch_model.bin, a pickle, which is never opened. Convert them in Python: from_pretrained(...), then save_pretrained(..., safe_serialization=True)."),
            run);
        Assert.False(Directory.Exists(Store));
    }

    [Fact]
    public async Task A_spec_with_five_mistakes()
    {
        _experiment
            .With("world_size: 4", "world_size: 0")
            .With("{ name: novel, path:", "{ name: novel, pth:")
            .With("arms: [naive, gmail+real]", "arms: [naive, gmial]")
            .With("steps: 2, guidance_scale: 2", "steps: two, guidance_scale: 200");

        var run = await Run();

        Assert.Equal(
            Refused(
                """
                tiny.yaml: 5 problems.
                tiny.yaml:2: world_size is 0, outside 1..4096. Set a value such as 4.
                tiny.yaml:11: data.tests[0].pth is not a key of a spec. Did you mean data.tests[0].path?
                tiny.yaml:16: arms[1] is 'gmial', none of real, naive, mixed, gmail, gmail+real. Did you mean gmail?
                tiny.yaml:17: generate.steps is 'two', not a whole number. Write digits only, such as 4.
                tiny.yaml:17: generate.guidance_scale is 200, outside 1..100. Set a value such as 7.5.
                """),
            run);
        Assert.False(Directory.Exists(Store));
    }

    [Fact]
    public async Task A_store_that_is_a_file()
    {
        await File.WriteAllTextAsync(Store, "x", TestContext.Current.CancellationToken);

        var run = await Run();

        Assert.Equal(Refused("FOLDER/store: is a file, and a store is a folder. Name another folder."), run);
        Assert.Equal("x", await File.ReadAllTextAsync(Store, TestContext.Current.CancellationToken));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_store_without_write_permission()
    {
        // Root may write anywhere but in the kernel's own file system.
        var closed = "/sys";
        if (!Environment.IsPrivilegedProcess)
        {
            closed = At("closed");
            Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var run = await CommandProcess.Run(_experiment.Folder, "run", "tiny.yaml", "--store", $"{closed}/gmailcluster-store");

        Assert.Equal((1, ""), (run.ExitCode, run.Out));
        Assert.Matches(
            $"^{closed}/gmailcluster-store: (permission was denied. Give this user read and write permission on {closed}/gmailcluster-store, or choose another store."
                + "|could not be written: the file system is read-only. Choose a store on a writable disk.)\n$",
            run.Error);
    }

    [Fact]
    public async Task A_full_disk()
    {
        using var disk = new SmallDisk("3m");

        var full = await CommandProcess.Run(_experiment.Folder, "run", "tiny.yaml", "--store", disk.Path);
        await WholeStore.Check(disk.Path);
        disk.Grow("200m");
        var again = await CommandProcess.Run(_experiment.Folder, "run", "tiny.yaml", "--store", disk.Path);

        Assert.Equal(1, full.ExitCode);
        Assert.Matches(
            $"^[a-z ]+: {disk.Path}: [a-z0-9/.-]+: could not be written: the disk or quota is full. Free space under {disk.Path}, or choose another store, and run again.\n$",
            full.Error);
        Assert.Equal((0, ""), (again.ExitCode, again.Error));
        await WholeStore.Check(disk.Path);
    }

    [Theory]
    [InlineData("rum tiny.yaml", "'rum' is no verb of gmailcluster. Did you mean run?\n'gmailcluster --help' shows how it is used.")]
    [InlineData("run tiny.yaml --sotre x", "'--sotre' is no option of run. Did you mean --store?\n'gmailcluster run --help' shows how it is used.")]
    public async Task An_unknown_verb_or_option(string line, string message)
    {
        var run = await CommandProcess.Run(_experiment.Folder, line.Split(' '));

        Assert.Equal(Refused(message), run);
    }

    private string At(string name) => Path.Combine(_experiment.Folder, name);

    private Task<CliRun> Run() => CommandProcess.Run(_experiment.Folder, "run", "tiny.yaml", "--store", "store");

    private CliRun Refused(string message) =>
        new(2, "", message.Replace("FOLDER", _experiment.Folder, StringComparison.Ordinal).Replace("EMOJI", Emoji, StringComparison.Ordinal) + "\n");
}
