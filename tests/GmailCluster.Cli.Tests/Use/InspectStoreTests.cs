using System.Text.Json;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Tests.Use;

/// <summary><c>gmailcluster inspect</c> on everything that a run leaves in its store.</summary>
[Collection(TrainedWorldCollection.Name)]
public sealed class InspectStoreTests(TrainedWorld world)
{
    [Theory]
    [InlineData(StageKind.Align, "PEFT adapter (LoRA)", "  rank: 4\n")]
    [InlineData(StageKind.Caption, "clipcap model", "  captioning.json: max_tokens 12, beams 2\n", "mapping_type mlp, prefix_size 128, prefix_length 4", "  gpt2: gpt2 model\n", "    tokenizer: 1,536 entries")]
    [InlineData(StageKind.Retrieve, "clip_text_model", "max_position_embeddings 32", "  tokenizer: 2,247 entries")]
    [InlineData(StageKind.Long, "clip_text_model", "max_position_embeddings 92", "  tokenizer: 2,247 entries")]
    [InlineData(StageKind.Llava, "llava model", "config.json text_config: model_type llama", "config.json vision_config: model_type clip_vision_model", "prompt USER: <image> What can you see? ASSISTANT:")]
    public async Task A_run_is_shown_for_what_it_is_with_the_stage_that_made_it(StageKind kind, string title, params string[] facts)
    {
        var run = await CliRun.Of("inspect", world.Run(kind));

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith($"{world.Run(kind)}: {title}\n", run.Out, StringComparison.Ordinal);
        Assert.All(facts, fact => Assert.Contains(fact, run.Out, StringComparison.Ordinal));
        Assert.Matches($@"\n  made by: {kind.ToString().ToLowerInvariant()} (gmail|matched) seed 0 \(\d steps in [\d.]+ s\)\n  loss: -?\d+\.\d+ at the first step, -?\d+\.\d+ at the last of \d\n", run.Out);
    }

    [Fact]
    public async Task Every_folder_and_file_of_a_store_is_known()
    {
        var files = Directory.EnumerateFiles(world.Store, "*", SearchOption.AllDirectories).Where(file => !file.Contains('~', StringComparison.Ordinal)).ToArray();
        var folders = files.Select(Path.GetDirectoryName).Distinct().Where(folder => Path.GetFileName(Path.GetDirectoryName(folder)) is "runs" or "features" or "captions" or "images").ToArray();
        var json = files.Where(file => Path.GetFileName(file) is "manifest.json" or "leaf-00000.json" or "embeddings.json" or "patches.json" || Path.GetFileName(Path.GetDirectoryName(file)) == "stages").ToArray();
        var others = files.Where(file => Path.GetExtension(file) is ".f32" or ".tar" or ".safetensors").ToArray();
        Assert.True(folders.Length >= 14 && json.Length >= 30 && others.Length >= 15, $"{folders.Length} folders, {json.Length} JSON files, {others.Length} others.");

        foreach (var path in folders.Concat(json).Concat(others))
        {
            var run = await CliRun.Of("inspect", path!);

            Assert.True(run is { ExitCode: 0, Error: "" }, $"{path}: {run.Error}");
        }
    }

    [Fact]
    public async Task A_store_lists_its_stages_and_a_record_its_figures()
    {
        var store = await CliRun.Of("inspect", world.Store);
        var evaluation = Directory.EnumerateFiles(Path.Combine(world.Store, "stages")).Single(path => File.ReadAllText(path).Contains("\"evaluate caption", StringComparison.Ordinal));
        var record = await CliRun.Of("inspect", evaluation);
        var results = await CliRun.Of("inspect", Directory.GetDirectories(Path.Combine(world.Store, "experiments")).Single());

        Assert.Contains("  finished stages: 19\n  runs not finished: 0\n", store.Out, StringComparison.Ordinal);
        Assert.Matches($@"(?m)^llava gmail seed 0 +{world.Key(StageKind.Llava)} +3 steps in ", store.Out);
        Assert.Matches(@"\n  CIDEr \(compositional\): \d", record.Out);
        Assert.Equal(2, results.ExitCode);
        Assert.Contains("'gmailcluster report ", results.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Features_that_are_cut_or_have_no_header_are_refused()
    {
        var values = Path.Combine(world.Folder, "cut.f32");
        await File.WriteAllBytesAsync(values, new byte[12], TestContext.Current.CancellationToken);

        var without = await CliRun.Of("inspect", values);
        File.Copy(Directory.EnumerateFiles(Path.Combine(world.Store, "features"), "embeddings.json", SearchOption.AllDirectories).First(), Path.ChangeExtension(values, ".json"));
        var cut = await CliRun.Of("inspect", values);

        Assert.Equal((2, 2), (without.ExitCode, cut.ExitCode));
        Assert.StartsWith($"{values}: has no cut.json beside it", without.Error, StringComparison.Ordinal);
        Assert.StartsWith($"{values}: has 12 bytes where its header says ", cut.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_is_compared_with_its_commit()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var run = Path.Combine(world.Folder, "half-done");
        var step = Directory.CreateDirectory(Path.Combine(run, "checkpoints", "step-000004")).FullName;
        Directory.CreateDirectory(Path.Combine(run, "checkpoints", "step-000008"));
        File.Copy(Path.Combine(world.Run(StageKind.Retrieve), "model.safetensors"), Path.Combine(step, "model.safetensors"));
        await File.WriteAllTextAsync(Path.Combine(step, "state.json"), "{}", cancellationToken);
        var bytes = await File.ReadAllBytesAsync(Path.Combine(step, "model.safetensors"), cancellationToken);
        StageFile[] commit =
        [
            new("model.safetensors", bytes.Length, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))), new("optimizer.safetensors", 10, "00"), new("state.json", 3, "00"),
        ];
        await File.WriteAllTextAsync(Path.Combine(step, "COMMIT"), JsonSerializer.Serialize(commit, StageJson.Options), cancellationToken);

        var (unfinished, checkpoint) = (await CliRun.Of("inspect", run), await CliRun.Of("inspect", step));

        Assert.StartsWith($"{run}: training run that is not finished\n  checkpoints: 1\n", unfinished.Out, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^step-000008 +not committed$", unfinished.Out);
        Assert.StartsWith(
            $"{step}: checkpoint of a training run\n  model.safetensors: 3.6 MB, as COMMIT says\n  optimizer.safetensors: 10 B, MISSING\n  state.json: 3 B, DIFFERS from what COMMIT says\n",
            checkpoint.Out, StringComparison.Ordinal);
        Assert.Contains("text_model.embeddings.token_embedding.weight", checkpoint.Out, StringComparison.Ordinal);
    }
}
