using System.Globalization;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Tests.Use;

[Collection(TrainedWorldCollection.Name)]
public sealed class SearchVerbTests(TrainedWorld world)
{
    private static string Novel => RepositoryRoot.At("samples", "emoji", "noto", "test-novel.tar");

    [Theory]
    [InlineData("red circle", "1f534.png")]
    [InlineData("flag, liberia", "1f1f1-1f1f7.png")]
    public async Task A_picture_is_found_by_its_caption(string text, string picture)
    {
        var run = await CliRun.Of("search", text, "--pictures", Novel, "--pictures", RepositoryRoot.At("samples", "emoji", "noto", "validation.tar"), "--clip", TrainedWorld.Clip);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var lines = run.Out.TrimEnd('\n').Split('\n');
        Assert.Equal(["rank", "cosine", "picture"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(6, lines.Length);
        Assert.Contains(lines, line => line.EndsWith($": {picture}", StringComparison.Ordinal));
        var scores = lines[1..].Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.All(scores, score => Assert.InRange(score, -1, 1));
    }

    [Fact]
    public async Task A_tuned_text_tower_ranks_in_its_own_way()
    {
        var pictures = await world.Pictures(20);
        string[] line = ["search", "woman running", "--pictures", pictures, "--clip", TrainedWorld.Clip, "--top", "20"];

        var untuned = await CliRun.Of(line);
        var tuned = await CliRun.Of([.. line, "--text-model", $"runs/{world.Key(StageKind.Retrieve)}", "--store", world.Store]);

        Assert.Equal((0, 21, 21), (tuned.ExitCode, untuned.Out.TrimEnd('\n').Split('\n').Length, tuned.Out.TrimEnd('\n').Split('\n').Length));
        Assert.NotEqual(untuned.Out, tuned.Out);
    }

    [Fact]
    public async Task A_broken_picture_is_told_and_the_others_are_ranked()
    {
        var pictures = await world.Pictures(2);
        await File.WriteAllBytesAsync(Path.Combine(pictures, "empty.jpg"), [], TestContext.Current.CancellationToken);

        var run = await CliRun.Of("search", "a man", "--pictures", pictures, "--clip", TrainedWorld.Clip);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal(3, run.Out.TrimEnd('\n').Split('\n').Length);
        Assert.EndsWith("empty.jpg: is empty. Replace the file, or leave it out.\n1 of 3 pictures could not be used.\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Towers_that_do_not_meet_are_refused()
    {
        var narrow = Path.Combine(world.Folder, "narrow-text");
        SmallClip.Write(narrow, projection: 24);

        var run = await CliRun.Of("search", "a man", "--pictures", Novel, "--clip", TrainedWorld.Clip, "--text-model", narrow);
        var captioner = await CliRun.Of("search", "a man", "--pictures", Novel, "--clip", TrainedWorld.Clip, "--text-model", world.Run(StageKind.Caption));

        Assert.Equal(new CliRun(2, "", $"{narrow}: embeds texts in 24 values, but {TrainedWorld.Clip} embeds pictures in 128. Name the CLIP folder that the text tower was tuned from.\n"), run);
        Assert.Equal(new CliRun(2, "", $"{world.Run(StageKind.Caption)}: holds a CLIPCap captioner, not a CLIP text tower. A captioner is used by 'gmailcluster caption --model'.\n"), captioner);
    }
}
