using GmailCluster.Stages;

namespace GmailCluster.Cli.Tests.Use;

[Collection(TrainedWorldCollection.Name)]
public sealed class CaptionVerbTests(TrainedWorld world)
{
    private static string Gpt2 => RepositoryRoot.At("samples", "emoji", "emoji-gpt2");

    [Theory]
    [InlineData(StageKind.Caption)]
    [InlineData(StageKind.Llava)]
    public async Task A_trained_result_captions_the_test_pictures_as_its_evaluation_did(StageKind kind)
    {
        var run = await CliRun.Of("caption", TrainedWorld.TestPictures, "--model", $"runs/{world.Key(kind)[..12]}", "--clip", TrainedWorld.Clip, "--store", world.Store);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var captions = run.Out.TrimEnd('\n').Split('\n').Select(line => line.Split('\t')).ToDictionary(
            line => Path.GetFileNameWithoutExtension(line[0][$"{TrainedWorld.TestPictures}: ".Length..]), line => line[1], StringComparer.Ordinal);
        Assert.Equal(world.Evaluated(kind), captions);
        Assert.True(captions.Values.Distinct().Count() > 3, "All pictures have the same caption.");
    }

    [Fact]
    public async Task A_llava_folder_needs_nothing_beside_it()
    {
        var pictures = await world.Pictures(2);

        var alone = await CliRun.Of("caption", pictures, "--model", world.Run(StageKind.Llava));
        var asked = await CliRun.Of("caption", pictures, "--model", world.Run(StageKind.Llava), "--max-tokens", "1", "--prompt", "<image>");

        Assert.Equal((0, 0), (alone.ExitCode, asked.ExitCode));
        Assert.Equal(2, alone.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.NotEqual(alone.Out, asked.Out);
    }

    [Fact]
    public async Task Pictures_come_in_ordinal_order_and_one_that_cannot_be_read_is_told_and_passed_over()
    {
        var pictures = await world.Pictures(3);
        var names = Directory.GetFiles(pictures).Order(StringComparer.Ordinal).ToArray();
        await File.WriteAllTextAsync(Path.Combine(pictures, "0.png"), "no picture", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(pictures, "notes.txt"), "of another kind: passed over", TestContext.Current.CancellationToken);

        var run = await CliRun.Of("caption", pictures, "nowhere.png", "--model", world.Run(StageKind.Caption), "--clip", TrainedWorld.Clip, "--slots", "1");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal(names, run.Out.TrimEnd('\n').Split('\n').Select(line => line.Split('\t')[0]));
        var errors = run.Error.Split('\n');
        Assert.StartsWith($"{Path.Combine(pictures, "0.png")}: is no picture that can be opened", errors[0], StringComparison.Ordinal);
        Assert.Equal("nowhere.png: is not there. Name a picture, a folder of pictures, or a WebDataset tar.", errors[1]);
        Assert.Equal("2 of 5 pictures could not be used.", errors[2]);
    }

    [Fact]
    public async Task A_damaged_tar_gives_what_stands_before_the_damage()
    {
        var path = Path.Combine(world.Folder, "cut.tar");
        await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(TrainedWorld.TestPictures, TestContext.Current.CancellationToken))[..30_000], TestContext.Current.CancellationToken);

        var run = await CliRun.Of("caption", path, "--model", world.Run(StageKind.Caption), "--clip", TrainedWorld.Clip);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"{path}, offset ", run.Error, StringComparison.Ordinal);
        Assert.NotEqual("", run.Out);
    }

    [Fact]
    public async Task A_result_without_a_tokenizer_is_used_with_the_language_models()
    {
        var older = world.CopyWithout(StageKind.Caption, "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "captioning.json");
        var pictures = await world.Pictures(1);
        string[] line = ["caption", pictures, "--model", older, "--clip", TrainedWorld.Clip];

        var without = await CliRun.Of(line);
        var with = await CliRun.Of([.. line, "--tokenizer", Gpt2, "--beams", "2", "--max-tokens", "12"]);
        var whole = await CliRun.Of("caption", pictures, "--model", world.Run(StageKind.Caption), "--clip", TrainedWorld.Clip);

        Assert.Equal(new CliRun(2, "", $"{Path.Combine(older, "gpt2")}: holds no tokenizer. Name the language model's folder with --tokenizer.\n"), without);
        Assert.Equal(whole, with);
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_before_any_picture_is_read()
    {
        var (clipCap, llava) = (world.Run(StageKind.Caption), world.Run(StageKind.Llava));
        var empty = Directory.CreateDirectory(Path.Combine(world.Folder, "empty")).FullName;
        var wide = Goldens.At("clip-gelu");
        (string[] Arguments, string Error)[] cases =
        [
            (["--model", clipCap], "--clip: is missing, and a CLIPCap captioner reads CLIP's embedding of a picture. Name the CLIP folder that it was trained on."),
            (["--model", clipCap, "--clip", TrainedWorld.Clip, "--prompt", "<image>"], "--prompt: has no effect: a CLIPCap captioner is not asked anything. Remove it."),
            (["--model", llava, "--prompt", "What?"], "--prompt: 'What?' does not have <image> once. Put <image> where the picture goes."),
            (["--model", "nowhere"], "nowhere: is no folder. Name a model's folder, or runs/KEY with a key that 'gmailcluster plan' shows."),
            (["--model", "runs/0000", "--store", world.Store], $"runs/0000: is no folder, and the store {world.Store} has no such run. 'gmailcluster plan SPEC' shows the keys of a spec's runs; --store names another store."),
            (["--model", TrainedWorld.Clip], $"{TrainedWorld.Clip}: holds a CLIP model, not a captioner (CLIPCap or LLaVA). Name the folder of a captioner (CLIPCap or LLaVA)."),
            (["--model", Gpt2], $"{Gpt2}: holds a model of type 'gpt2', not a captioner (CLIPCap or LLaVA). Name the folder of a captioner (CLIPCap or LLaVA)."),
            (["--model", world.Run(StageKind.Align)], $"{world.Run(StageKind.Align)}: holds a PEFT adapter, not a captioner (CLIPCap or LLaVA). An adapter is used by 'gmailcluster embed --adapter'."),
            (["--model", world.Run(StageKind.Retrieve)], $"{world.Run(StageKind.Retrieve)}: holds a CLIP text tower, not a captioner (CLIPCap or LLaVA). A text tower is used by 'gmailcluster search --text-model'."),
            (["--model", clipCap, "--clip", llava], $"{llava}: holds a LLaVA model, not a CLIP model. A captioner is used by 'gmailcluster caption --model'."),
            (["--model", clipCap, "--clip", wide], $"{wide}: holds no preprocessor_config.json"),
            (["--model", empty], $"{empty}: holds no config.json that says what model it is. Name the folder of a CLIPCap or LLaVA captioner."),
            (["--model", clipCap, "--clip", TrainedWorld.Clip, "--beams", "0"], "--beams is 0, outside 1..64."),
        ];

        foreach (var (arguments, error) in cases)
        {
            var run = await CliRun.Of(["caption", "nowhere.png", .. arguments]);

            Assert.Equal((2, ""), (run.ExitCode, run.Out));
            Assert.StartsWith(error, run.Error, StringComparison.Ordinal);
        }

        var nothing = await CliRun.Of("caption", empty, "--model", llava);
        Assert.Equal(new CliRun(2, "", $"{empty}: holds no pictures. Name pictures (jpg, jpeg, png, webp, gif, bmp), a folder of them, or a WebDataset tar.\n"), nothing);
    }

    [Fact]
    public async Task A_captioner_of_another_width_is_refused()
    {
        var clip = Path.Combine(world.Folder, "narrow-clip");
        SmallClip.Write(clip, projection: 24);

        var run = await CliRun.Of("caption", "nowhere.png", "--model", world.Run(StageKind.Caption), "--clip", clip);

        Assert.Equal(
            new CliRun(2, "", $"{world.Run(StageKind.Caption)}: takes embeddings of 128 values, but {clip} makes 24. Name the CLIP folder that it was trained on.\n"), run);
    }

    [Fact]
    public async Task Pictures_prepared_in_another_size_are_refused()
    {
        var clip = Path.Combine(world.Folder, "small-clip");
        SmallClip.Write(clip, projection: 24);

        var run = await CliRun.Of("caption", "nowhere.png", "--model", world.Run(StageKind.Llava), "--clip", clip);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"{clip}: prepares pictures of 16 x 16 pixels, but the image tower takes 64 x 64.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_is_not_finished_is_told_apart_from_one_that_is_not_there()
    {
        var run = Path.Combine(world.Folder, "unfinished");
        Directory.CreateDirectory(Path.Combine(run, "checkpoints", "step-000050"));

        var result = await CliRun.Of("caption", "nowhere.png", "--model", run);

        Assert.Equal(new CliRun(2, "", $"{run}: holds only checkpoints of a run that is not finished. Run its spec to the end first: the same command goes on.\n"), result);
    }
}
