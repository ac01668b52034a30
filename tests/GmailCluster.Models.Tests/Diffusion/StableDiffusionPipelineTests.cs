using System.Globalization;
using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion;

public sealed class StableDiffusionPipelineTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<int, double> Cases()
    {
        var cases = new TheoryData<int, double>();
        foreach (var (steps, note) in Goldens.Notes("sd-pipeline")["cases"]!.AsObject())
        {
            cases.Add(int.Parse(steps, CultureInfo.InvariantCulture), double.Parse(((string)note!).Split(' ')[1], CultureInfo.InvariantCulture));
        }

        return cases;
    }

    [Fact]
    public void Prompts_are_encoded_as_in_the_reference()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("sd-pipeline");
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Folder("sd-pipeline"));

        Goldens.AssertClose(reference.Load("prompt_embeds"), pipeline.EncodePrompts(reference.Load("input_ids")));
        Goldens.AssertClose(reference.Load("negative_embeds"), pipeline.EncodePrompts(reference.Load("uncond_ids")));
        Assert.Equal(reference.Entries["input_ids"].Shape[1], pipeline.MaxPromptLength);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Latents_and_images_equal_the_reference(int steps, double guidance)
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("sd-pipeline");
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Folder("sd-pipeline"));
        Tensor? last = null;

        var images = pipeline.Generate(
            reference.Load("input_ids"), reference.Load("uncond_ids"), reference.Load("latents"), steps, guidance, (_, latents) => last = latents.clone(), Stop);

        Goldens.AssertClose(reference.Load($"latents.{steps}"), last!, 1e-4, "latents");
        Goldens.AssertClose(reference.Load($"image.{steps}").permute(0, 3, 1, 2), images, 1e-4, "images");
    }

    [Fact]
    public void A_trained_model_follows_the_reference_through_every_step()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("emoji");
        var notes = Goldens.Notes("emoji")["sd"]!;
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Sample("emoji/emoji-sd"));
        var noise = reference.Load("sd_noise");
        var steps = (int)notes["num_inference_steps"]!;
        var (ids, empty) = Tokens(reference, pipeline, (int)noise.shape[0]);
        var latents = new List<Tensor>();

        var images = pipeline.Generate(ids, empty, noise, steps, (double)notes["guidance_scale"]!, (_, step) => latents.Add(step.clone()), Stop);

        Assert.Equal(steps, latents.Count);
        Assert.All(latents.Index(), l => Goldens.AssertClose(reference.Load($"sd_latents.{l.Index}"), l.Item, 1e-4, $"latents after step {l.Index}"));
        Goldens.AssertClose(reference.Load("sd_images"), images, 1e-4, "images");
    }

    [Fact]
    public void An_image_does_not_depend_on_its_batch()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("emoji");
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Sample("emoji/emoji-sd"));
        using var generator = new Generator(7);
        var (ids, empty) = Tokens(reference, pipeline, 8);
        var noise = randn([35, .. pipeline.LatentShape(64, 64)], generator: generator); // more than one pass takes
        var many = ids.repeat(5, 1)[..35];

        var together = pipeline.Generate(many, empty, noise, 3, 3, cancellationToken: Stop);
        var alone = pipeline.Generate(many[33..34], empty, noise[33..34], 3, 3, cancellationToken: Stop);
        var everyNegative = pipeline.Generate(many[31..33], empty.expand(2, -1), noise[31..33], 3, 3, cancellationToken: Stop);

        Goldens.AssertClose(alone, together[33..34], 1e-4);
        Goldens.AssertClose(everyNegative, together[31..33], 1e-4);
    }

    [Fact]
    public void Threads_may_share_a_pipeline()
    {
        using var reference = Goldens.Reference("sd-pipeline");
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Folder("sd-pipeline"));
        using var ids = reference.Load("input_ids");
        using var negative = reference.Load("uncond_ids");
        using var latents = reference.Load("latents");
        using var expected = pipeline.Generate(ids, negative, latents, 6, 5, cancellationToken: Stop);

        var results = new Tensor[4];
        var threads = Enumerable.Range(0, results.Length).Select(i => new Thread(() =>
        {
            set_num_threads(1);
            results[i] = pipeline.Generate(ids, negative, latents, 6, 5, cancellationToken: Stop);
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());

        Assert.All(results, r => Assert.True(expected.Equals(r)));
    }

    [Fact]
    public void A_run_leaves_nothing_behind_but_its_images()
    {
        using var reference = Goldens.Reference("sd-pipeline");
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Folder("sd-pipeline"));
        using var ids = reference.Load("input_ids");
        using var latents = reference.Load("latents");
        using var first = pipeline.Generate(ids, ids, latents, 3, 4, cancellationToken: Stop);
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Tensor? step = null;

        using var second = pipeline.Generate(ids, ids, latents, 3, 4, (i, l) => step = i == 1 ? l.clone() : step, Stop);

        Assert.Equal(alive + 2, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.False(step!.IsInvalid);
        step.Dispose();
    }

    [Fact]
    public void Every_scheduler_can_drive_the_pipeline()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("sd-pipeline");
        using var folder = new TemporaryFolder();
        CopyFolder(Goldens.Folder("sd-pipeline"), folder.Path);
        foreach (var configuration in Directory.GetDirectories(Goldens.Folder("schedulers")))
        {
            File.Copy(Path.Combine(configuration, "scheduler_config.json"), folder["scheduler/scheduler_config.json"], overwrite: true);
            using var pipeline = StableDiffusionPipeline.Load(folder.Path);
            var calls = 0;

            var images = pipeline.Generate(reference.Load("input_ids"), null, reference.Load("latents"), 5, 1, (_, _) => calls++, Stop);

            Assert.True(isfinite(images).all().item<bool>(), configuration);
            Assert.InRange(images.min().item<float>(), 0, 1);
            Assert.Equal(pipeline.Scheduler.ClassName == "PNDMScheduler" ? 6 : 5, calls);
        }
    }

    [Fact]
    public void A_cancelled_run_stops_between_passes()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("sd-pipeline");
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Folder("sd-pipeline"));
        using var stop = new CancellationTokenSource();
        var calls = 0;

        Assert.Throws<OperationCanceledException>(() => pipeline.Generate(
            reference.Load("input_ids"), null, reference.Load("latents"), 8, 1, (i, _) => { calls++; if (i == 2) { stop.Cancel(); } }, stop.Token));

        Assert.Equal(3, calls);
    }

    [Fact]
    public void Sizes_come_from_the_configs()
    {
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Sample("emoji/emoji-sd"));

        Assert.Equal((64, 64), pipeline.DefaultSize);
        Assert.Equal(32, pipeline.MaxPromptLength);
        Assert.Equal([4, 16, 8], pipeline.LatentShape(64, 32));
        Assert.Contains("multiples of 4", Assert.Throws<InputException>(() => pipeline.LatentShape(64, 66)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_refused_with_both_shapes()
    {
        using var scope = NewDisposeScope();
        using var pipeline = StableDiffusionPipeline.Load(Goldens.Sample("emoji/emoji-sd"));
        var ids = zeros(2, 32, dtype: ScalarType.Int64);
        void Refused(string part, Tensor prompts, Tensor? negative, Tensor latents) => Assert.Contains(
            part, Assert.ThrowsAny<ArgumentException>(() => pipeline.Generate(prompts, negative, latents, 2, 3)).Message, StringComparison.Ordinal);

        Refused("got [2, 3, 16, 16]", ids, ids, zeros(2, 3, 16, 16));
        Refused("got [2, 32] Int64", ids, ids, zeros(3, 4, 16, 16));
        Refused("got [2, 32] Int32", ids.to_type(ScalarType.Int32), ids, zeros(2, 4, 16, 16));
        Refused("got [2, 31] Int64", ids, ids[.., 1..], zeros(2, 4, 16, 16));
        Refused("negative prompt", ids, null, zeros(2, 4, 16, 16));
        Refused("at most 32 tokens, got 33", zeros(2, 33, dtype: ScalarType.Int64), zeros(1, 33, dtype: ScalarType.Int64), zeros(2, 4, 16, 16));
    }

    [Theory]
    [InlineData("_class_name", "\"StableDiffusionXLPipeline\"")]
    [InlineData("text_encoder", "[\"transformers\", \"T5EncoderModel\"]")]
    [InlineData("unet", "[null, null]")]
    [InlineData("vae", "[\"diffusers\", \"AutoencoderTiny\"]")]
    public void Another_kind_of_pipeline_is_refused(string key, string value)
    {
        using var folder = new TemporaryFolder();
        CopyFolder(Goldens.Folder("sd-pipeline"), folder.Path);
        var index = JsonNode.Parse(File.ReadAllText(folder["model_index.json"]))!.AsObject();
        index[key] = JsonNode.Parse(value);
        File.WriteAllText(folder["model_index.json"], index.ToJsonString());

        Assert.Contains($"'{key}'", Assert.Throws<InputException>(() => StableDiffusionPipeline.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model_index.json")]
    [InlineData("unet/config.json")]
    [InlineData("unet/diffusion_pytorch_model.safetensors")]
    [InlineData("vae/diffusion_pytorch_model.safetensors")]
    [InlineData("scheduler/scheduler_config.json")]
    [InlineData("text_encoder/model.safetensors")]
    public void A_folder_that_lacks_a_file_is_refused(string file)
    {
        using var folder = new TemporaryFolder();
        CopyFolder(Goldens.Folder("sd-pipeline"), folder.Path);
        File.Delete(folder[file]);

        Assert.Throws<InputException>(() => StableDiffusionPipeline.Load(folder.Path));
    }

    // The reference holds ids of whole captions; the empty one is what is left of them: the first token, then the padding.
    private static (Tensor Ids, Tensor Empty) Tokens(Safetensors.SafetensorsFile reference, StableDiffusionPipeline pipeline, int count)
    {
        var ids = reference.Load("input_ids")[..count];
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Goldens.Sample("emoji/emoji-sd"), "text_encoder/config.json")))!;
        var empty = full([1, pipeline.MaxPromptLength], (long)config["eos_token_id"]!, dtype: ScalarType.Int64);
        empty[0, 0] = tensor((long)config["bos_token_id"]!);
        return (ids, empty);
    }

    private static void CopyFolder(string source, string target)
    {
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
