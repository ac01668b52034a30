using System.Globalization;
using System.Text;
using System.Text.Json;
using GmailCluster.Data.Images;
using GmailCluster.Data.Shards;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;

namespace GmailCluster.Cli.Tests.Inspect;

public sealed class InspectVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-inspect-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_model_folder_shows_config_weights_and_tokenizer()
    {
        var run = await CliRun.Of("inspect", RepositoryRoot.At("samples", "emoji", "emoji-gpt2"));

        Assert.Equal(0, run.ExitCode);
        var lines = run.Out.Split('\n');
        Assert.EndsWith("emoji-gpt2: gpt2 model", lines[0], StringComparison.Ordinal);
        Assert.Contains("  weights: model.safetensors", lines);
        Assert.Contains("model_type gpt2, n_embd 128", lines[1], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("  tokenizer: ", StringComparison.Ordinal) && line.Contains("<|endoftext|>", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["tensor", "dtype", "shape", "size"]);
        Assert.Contains("more; --all shows them.", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipeline_shows_each_of_its_parts()
    {
        var run = await CliRun.Of("inspect", RepositoryRoot.At("samples", "emoji", "emoji-sd"));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("  scheduler: DPMSolverMultistepScheduler\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("  unet: UNet2DConditionModel\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("    values: 3,984,068\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("  tokenizer: tokenizer\n    tokenizer: 2,247 entries", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("safety_checker", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_safetensors_file_shows_every_tensor_of_the_reference()
    {
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Goldens.At("clip-gelu", "reference.json"), TestContext.Current.CancellationToken));
        using var weights = Models.Safetensors.SafetensorsFile.Open(Goldens.At("clip-gelu", "reference.safetensors"));

        var run = await CliRun.Of("inspect", "--all", Goldens.At("clip-gelu", "reference.safetensors"));

        Assert.Equal(0, run.ExitCode);
        Assert.All(weights.Entries.Values, entry => Assert.Matches($@"(?m)^{System.Text.RegularExpressions.Regex.Escape(entry.Name)} +{entry.Dtype.Name} +\[{string.Join(", ", entry.Shape)}\] ", run.Out));
        Assert.Contains($"  tensors: {weights.Entries.Count.ToString("N0", CultureInfo.InvariantCulture)}\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_malformed_file_of_the_references_is_refused()
    {
        var files = Directory.GetFiles(Goldens.At("files"), "bad-*.safetensors");
        Assert.NotEmpty(files);

        foreach (var file in files)
        {
            var run = await CliRun.Of("inspect", file);

            Assert.True(run.ExitCode == 2 && run.Out.Length == 0 && run.Error.StartsWith(file, StringComparison.Ordinal), $"{file}: {run}");
        }
    }

    [Fact]
    public async Task An_adapter_shows_rank_and_scale()
    {
        var run = await CliRun.Of("inspect", Goldens.At("lora-clip"));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("lora-clip: PEFT adapter (LoRA)\n  rank: ", run.Out, StringComparison.Ordinal);
        Assert.Contains("  base model: ", run.Out, StringComparison.Ordinal);
        Assert.Contains(".lora_A.weight", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("open-clip")]
    [InlineData("openai-clip")]
    public async Task An_open_clip_folder_is_recognised(string name)
    {
        var run = await CliRun.Of("inspect", Goldens.At(name));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(": CLIP model in open_clip's layout\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("open_clip_config.json model_cfg vision_cfg: image_size", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shard_shows_its_samples_and_a_data_set_its_leaves()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var png = ImageEncoder.EncodePng(new RgbImage(3, 2, new byte[18]));
        ShardSample Sample(string key, string caption) => new(key, new Dictionary<string, byte[]> { ["png"] = png, ["txt"] = Encoding.UTF8.GetBytes(caption) });
        var dataset = new ArtifactKey("0123456789abcdef0123456789abcdef");
        var shards = new ShardStore(ObjectStores.Open(_folder));
        var entry = await shards.Upload(dataset, 0, [Sample("a", "a cat"), Sample("b", new string('x', 100))], cancellationToken);
        await shards.Append(dataset, entry, cancellationToken);
        await shards.Seal(dataset, 1, cancellationToken: cancellationToken);
        var folder = Path.Combine(_folder, "images", dataset.Value);

        var tar = await CliRun.Of("inspect", Path.Combine(folder, "shards", $"{entry.Sha256}.tar"));
        var set = await CliRun.Of("inspect", folder);
        var leaf = await CliRun.Of("inspect", Path.Combine(folder, "leaf-00000.json"));

        Assert.Contains("  samples: 2\n", tar.Out, StringComparison.Ordinal);
        Assert.EndsWith($"key  picture  caption\na    3x2      a cat\nb    3x2      {new string('x', 79)}…\n", tar.Out, StringComparison.Ordinal);
        Assert.Contains($": manifest of pictures in shards\n  data set: {dataset}\n  shards: 1\n  samples: 2\n", set.Out, StringComparison.Ordinal);
        Assert.Contains(entry.Sha256, leaf.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../secret")]
    public async Task A_checkpoint_that_names_a_file_elsewhere_is_refused(string name)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "COMMIT"), $$"""[{"object_key": "{{name}}", "length_bytes": 1, "sha256": "00"}]""", TestContext.Current.CancellationToken);

        var run = await CliRun.Of("inspect", _folder);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"object key '{name}': has the segment ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_shard_is_refused()
    {
        var path = Path.Combine(_folder, "cut.tar");
        await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(RepositoryRoot.At("samples", "emoji", "noto", "validation.tar"), TestContext.Current.CancellationToken))[..3_000], TestContext.Current.CancellationToken);

        var run = await CliRun.Of("inspect", path);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"{path}, offset ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pickle_is_refused_with_the_way_to_convert_it()
    {
        var path = Path.Combine(_folder, "pytorch_model.bin");
        await File.WriteAllTextAsync(path, "x", TestContext.Current.CancellationToken);

        var (file, folder) = (await CliRun.Of("inspect", path), await CliRun.Of("inspect", _folder));

        Assert.Equal((2, 2), (file.ExitCode, folder.ExitCode));
        Assert.All([file, folder], run => Assert.Contains("safetensors", run.Error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nowhere", "is not there.")]
    [InlineData("", "holds no model, adapter, shard, manifest, features or store.")]
    [InlineData("notes.txt", "is of no kind that is known here.")]
    [InlineData("other.json", "is no manifest, feature table or stage record.")]
    [InlineData("broken.json", "is not usable")]
    public async Task What_is_not_known_is_refused(string name, string problem)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "notes.txt"), "x", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_folder, "other.json"), "{}", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_folder, "broken.json"), "{", TestContext.Current.CancellationToken);

        var run = await CliRun.Of("inspect", Path.Combine(_folder, name));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
    }
}
