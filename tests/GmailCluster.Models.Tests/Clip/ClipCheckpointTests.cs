using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

public sealed class ClipCheckpointTests
{
    [Theory]
    [InlineData("clip-quick-gelu", ClipLayout.OpenClip)]
    [InlineData("clip-gelu", ClipLayout.OpenClip)]
    [InlineData("open-clip", ClipLayout.HuggingFace)]
    [InlineData("openai-clip", ClipLayout.HuggingFace)]
    public void A_folder_converted_there_and_back_holds_the_same_bits(string name, ClipLayout other)
    {
        using var folder = new TemporaryFolder();
        var (source, there, back) = (Goldens.Folder(name), folder["there"], folder["back"]);
        var original = ClipCheckpoint.Detect(source);

        ClipCheckpoint.Convert(source, there, other);
        ClipCheckpoint.Convert(there, back, original);

        Assert.NotEqual(original, other);
        Assert.Equal(other, ClipCheckpoint.Detect(there));
        Assert.Equal(original, ClipCheckpoint.Detect(back));
        AssertSameTensors(source, back);
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference(name);
        foreach (var path in new[] { there, back })
        {
            using var model = ClipModel.Load(path);
            using var noGrad = no_grad();
            Goldens.AssertClose(
                reference.Load("image_embeds"), nn.functional.normalize(model.Vision.Encode(reference.Load("pixel_values")).Embedding, dim: -1), what: path);
            Goldens.AssertClose(
                reference.Load("text_embeds"), nn.functional.normalize(model.Text.Encode(reference.Load("input_ids")).Embedding, dim: -1), what: path);
        }
    }

    [Fact]
    public void An_OpenAI_file_needs_no_config()
    {
        // Wide enough for heads of 64, so that the sizes can be read off.
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var model = new ClipModel(new ClipConfig
        {
            ProjectionDim = 8,
            VisionConfig = new() { HiddenSize = 128, IntermediateSize = 256, ProjectionDim = 8, NumHiddenLayers = 2, NumAttentionHeads = 2, ImageSize = 24, PatchSize = 8 },
            TextConfig = new() { HiddenSize = 64, IntermediateSize = 96, ProjectionDim = 8, NumHiddenLayers = 1, NumAttentionHeads = 1, VocabSize = 30, MaxPositionEmbeddings = 12, EosTokenId = 29 },
        });
        Randomise(model, 3);
        var (pixels, ids) = (randn([2, 3, 24, 24], generator: new Generator(4)), tensor(new long[,] { { 28, 4, 29, 29 }, { 28, 1, 2, 29 } }));

        ClipCheckpoint.Save(model, folder.Path, ClipLayout.OpenAi);
        using var loaded = ClipModel.Load(folder.Path);
        using var vision = ClipVisionTower.Load(folder.Path);
        using var text = ClipTextTower.Load(folder.Path);

        Assert.Equal(ClipLayout.OpenAi, ClipCheckpoint.Detect(folder.Path));
        Assert.Equal("model.safetensors", Path.GetFileName(Assert.Single(Directory.GetFiles(folder.Path))));
        Assert.Equal(model.Config.VisionConfig, loaded.Config.VisionConfig);
        Goldens.AssertClose(model.Vision.Encode(pixels).Embedding, loaded.Vision.Encode(pixels).Embedding, 0);
        Goldens.AssertClose(model.Text.Encode(ids).Embedding, loaded.Text.Encode(ids).Embedding, 0);
        Goldens.AssertClose(model.Vision.Encode(pixels).Embedding, vision.Encode(pixels).Embedding, 0);
        Goldens.AssertClose(model.Text.Encode(ids).Embedding, text.Encode(ids).Embedding, 0);
    }

    [Fact]
    public void What_a_layout_cannot_say_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var model = ClipModel.Load(Goldens.Folder("clip-gelu"));

        var error = Assert.Throws<InputException>(() => ClipCheckpoint.Save(model, folder["openai"], ClipLayout.OpenAi));

        Assert.Contains("open_clip layout", error.Remedy, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["openai"]));
    }

    [Fact]
    public void Settings_of_open_clip_that_change_the_tower_are_refused()
    {
        using var folder = new TemporaryFolder();
        var source = Goldens.Folder("open-clip");
        File.Copy(Path.Combine(source, "open_clip_model.safetensors"), folder["open_clip_model.safetensors"]);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "open_clip_config.json")))!;
        config["model_cfg"]!["vision_cfg"]!["attentional_pool"] = true;
        File.WriteAllText(folder["open_clip_config.json"], config.ToJsonString());

        Assert.Contains("vision_cfg.attentional_pool", Assert.Throws<InputException>(() => ClipModel.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_another_size_than_the_config_are_refused_with_both_shapes()
    {
        using var folder = new TemporaryFolder();
        var source = Goldens.Folder("clip-gelu");
        File.Copy(Path.Combine(source, "model.safetensors"), folder["model.safetensors"]);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!;
        var vocabulary = config["text_config"]!["vocab_size"]!.GetValue<int>();
        config["text_config"]!["vocab_size"] = vocabulary + 1;
        File.WriteAllText(folder["config.json"], config.ToJsonString());

        var error = Assert.Throws<InputException>(() => ClipModel.Load(folder.Path));

        Assert.Contains("text_model.embeddings.token_embedding.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains($"[{vocabulary}, ", error.Message, StringComparison.Ordinal);
        Assert.Contains($"[{vocabulary + 1}, ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Old_configs_keep_their_towers_in_dicts_that_rule()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], """
            {"model_type": "clip", "projection_dim": 24, "torch_dtype": "float32",
             "text_config": {"hidden_size": 10, "eos_token_id": 2, "projection_dim": 512, "bos_token_id": null}, "text_config_dict": {"hidden_size": 20, "model_type": ""},
             "vision_config": {"patch_size": 14}, "vision_config_dict": null}
            """);

        var config = ClipConfig.Read(folder["config.json"]);

        Assert.Equal((20, 2, 24, 49406), (config.TextConfig.HiddenSize, config.TextConfig.EosTokenId, config.TextConfig.ProjectionDim, config.TextConfig.BosTokenId));
        Assert.Equal((14, 768, 24), (config.VisionConfig.PatchSize, config.VisionConfig.HiddenSize, config.VisionConfig.ProjectionDim));
        Assert.Equal(config.TextConfig, ClipConfig.ReadText(folder["config.json"]));
        File.WriteAllText(folder["config.json"], """{"model_type": "gpt2"}""");
        Assert.Contains("gpt2", Assert.Throws<InputException>(() => ClipConfig.Read(folder["config.json"])).Message, StringComparison.Ordinal);
    }

    internal static void Randomise(nn.Module module, ulong seed)
    {
        using var noGrad = no_grad();
        using var generator = new Generator(seed);
        foreach (var (_, parameter) in module.named_parameters().OrderBy(p => p.name, StringComparer.Ordinal))
        {
            parameter.uniform_(-0.3, 0.3, generator);
        }
    }

    private static void AssertSameTensors(string expected, string actual)
    {
        using var scope = NewDisposeScope();
        using var left = SafetensorsFile.Open(Assert.Single(Directory.GetFiles(expected, "*model.safetensors")));
        using var right = SafetensorsFile.Open(Assert.Single(Directory.GetFiles(actual, "*model.safetensors")));
        Assert.Equal(left.Entries.Keys.Order(StringComparer.Ordinal), right.Entries.Keys.Order(StringComparer.Ordinal));
        foreach (var name in left.Entries.Keys)
        {
            Assert.True(left.Load(name).bytes.SequenceEqual(right.Load(name).bytes), name);
        }
    }
}
