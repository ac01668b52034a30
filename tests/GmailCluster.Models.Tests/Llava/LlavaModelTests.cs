using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Llama;
using GmailCluster.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llava;

public sealed class LlavaModelTests : IDisposable
{
    private const int Image = 1535; // <image> in emoji-llama's tokenizer

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Saved_and_loaded_again_it_is_the_same_model()
    {
        using var folder = new TemporaryFolder();
        var model = Emoji();
        var (pixels, ids) = (rand([2, 3, 64, 64], generator: new Generator(1)), Prompts(model));

        model.Save(folder.Path);
        var again = LlavaModel.Load(folder.Path);

        Assert.Equal(0, Goldens.RelativeError(model.forward(model.ImageFeatures(pixels), ids), again.forward(again.ImageFeatures(pixels), ids)));
        Assert.Equal(["config.json", "generation_config.json", "model.safetensors"], model.Export().Keys.Order());
        Assert.All(again.Export(), file => Assert.Equal(File.ReadAllBytes(folder[file.Key]), file.Value));
        using var saved = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Contains("vision_tower.vision_model.embeddings.class_embedding", saved.Entries.Keys);
        Assert.Contains("language_model.lm_head.weight", saved.Entries.Keys); // emoji-llama's is tied
        Assert.DoesNotContain(saved.Entries.Keys, n => n.Contains("visual_projection", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_of_every_transformers_are_read()
    {
        using var folder = new TemporaryFolder();
        var model = LlavaModel.Load(Goldens.Folder("llava"));
        model.Save(folder.Path);
        var older = model.state_dict().ToDictionary(p => p.Key, p => p.Value);
        var newer = older.ToDictionary(
            p => p.Key == "language_model.lm_head.weight" ? "lm_head.weight"
                : "model." + p.Key.Replace("language_model.model.", "language_model.", StringComparison.Ordinal).Replace("vision_tower.vision_model.", "vision_tower.", StringComparison.Ordinal),
            p => p.Value);
        Assert.Empty(older.Keys.Intersect(newer.Keys));
        SafetensorsWriter.Write(folder["model.safetensors"], newer);

        var again = LlavaModel.Load(folder.Path);

        Assert.All(again.state_dict(), p => Assert.Equal(older[p.Key].bytes.ToArray(), p.Value.bytes.ToArray()));
    }

    [Fact]
    public void Layers_are_joined_and_the_class_token_stays_when_the_config_says_so()
    {
        var tower = ClipVisionTower.Load(Goldens.Sample("emoji/emoji-clip"));
        var model = LlavaModel.Create(
            new() { ImageTokenIndex = Image, VisionFeatureLayer = [-2, 1], VisionFeatureSelectStrategy = "full" },
            tower, LlamaModel.Load(Goldens.Sample("emoji/emoji-llama")), new Generator(1));
        var pixels = rand([1, 3, 64, 64], generator: new Generator(1));

        var features = model.ImageFeatures(pixels);

        var states = tower.Encode(pixels, withHiddenStates: true).HiddenStates;
        Assert.Equal(tower.Config.PatchCount + 1, model.FeaturesPerImage);
        Assert.Equal(0, Goldens.RelativeError(cat([states[^2], states[1]], -1), features));
        Assert.Equal([1, 20, 1536], model.forward(features, Prompts(model).narrow(0, 0, 1)).shape);
    }

    [Fact]
    public void Padding_behind_answers_changes_neither_loss_nor_gradients()
    {
        var model = Emoji();
        var features = model.ImageFeatures(rand([1, 3, 64, 64], generator: new Generator(1)));
        var ids = Prompts(model).narrow(0, 0, 1);
        var labels = cat([full(1, 17, -100, dtype: ScalarType.Int64), ids.narrow(1, 17, ids.shape[1] - 17)], 1);
        var padding = full(1, 3, 5, dtype: ScalarType.Int64);
        var parameters = model.LanguageModel.parameters().Concat(model.Projector.parameters()).ToArray<Tensor>();

        var plain = model.Loss(features, ids, labels);
        var padded = model.Loss(features, cat([ids, padding], 1), cat([labels, padding], 1), cat([ones_like(ids), zeros_like(padding)], 1));

        Assert.Equal(ids.shape[1] - 17, plain.Count);
        Assert.Equal(plain.Count, padded.Count);
        Assert.Equal(plain.Sum.item<float>(), padded.Sum.item<float>());
        Assert.All(
            autograd.grad([plain.Sum], parameters).Zip(autograd.grad([padded.Sum], parameters)), g => Assert.Equal(0, Goldens.RelativeError(g.First, g.Second)));
    }

    [Fact]
    public void Prompts_of_different_lengths_are_answered_together()
    {
        var model = Emoji();
        var features = model.ImageFeatures(rand([2, 3, 64, 64], generator: new Generator(1)));
        var ids = Prompts(model);
        var (shorter, longer) = (ids.narrow(0, 0, 1), cat([full(1, 2, 7, dtype: ScalarType.Int64), ids.narrow(0, 1, 1)], 1));
        var options = model.LanguageModel.Generation.Options(6);
        var mask = ones(2, longer.shape[1], dtype: ScalarType.Int64);
        mask.narrow(0, 0, 1).narrow(1, 0, 2).zero_();

        var together = model.Generate(features, cat([cat([full(1, 2, 1534, dtype: ScalarType.Int64), shorter], 1), longer], 0), options, mask, TestContext.Current.CancellationToken);

        int[] Alone(int image, Tensor prompt) =>
            Decoder.WithoutEnd(model.Generate(features.narrow(0, image, 1), prompt, options, cancellationToken: TestContext.Current.CancellationToken), options)[0];
        Assert.Equal([Alone(0, shorter), Alone(1, longer)], Decoder.WithoutEnd(together, options));
    }

    [Fact]
    public void Too_few_image_tokens_are_refused()
    {
        var model = Emoji();

        var error = Assert.Throws<ArgumentException>(() => model.forward(zeros(1, 16, 192), tensor(new long[] { 3, Image, 4 }, 1, 3)));

        Assert.Contains("1 image tokens", error.Message, StringComparison.Ordinal);
        Assert.Contains("16 features", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vision_feature_layer", "9", "vision_feature_layer")]
    [InlineData("vision_feature_select_strategy", "\"cls\"", "cls")]
    [InlineData("projector_hidden_act", "\"mish\"", "mish")]
    public void A_config_that_does_not_work_is_refused_by_name(string key, string value, string named)
    {
        using var folder = new TemporaryFolder();
        Emoji().Save(folder.Path);
        var config = ConfigFile.ReadObject(folder["config.json"]);
        config[key] = System.Text.Json.Nodes.JsonNode.Parse(value);
        File.WriteAllText(folder["config.json"], config.ToJsonString());

        var error = Assert.Throws<InputException>(() => LlavaModel.Load(folder.Path));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_that_contradicts_its_tie_is_refused()
    {
        using var folder = new TemporaryFolder();
        var model = Emoji();
        model.Save(folder.Path);
        SafetensorsWriter.Write(folder["model.safetensors"], model.state_dict()
            .Where(p => !p.Key.Contains("visual_projection", StringComparison.Ordinal))
            .Append(KeyValuePair.Create("language_model.lm_head.weight", zeros(1536, 128))));

        var error = Assert.Throws<InputException>(() => LlavaModel.Load(folder.Path));

        Assert.Contains("tie_word_embeddings", error.Message, StringComparison.Ordinal);
    }

    private static LlavaModel Emoji() => LlavaModel.Create(
        new() { ImageTokenIndex = Image }, ClipVisionTower.Load(Goldens.Sample("emoji/emoji-clip")),
        LlamaModel.Load(Goldens.Sample("emoji/emoji-llama")), new Generator(1));

    private static Tensor Prompts(LlavaModel model)
    {
        var rows = new[] { new[] { 1532, Image, 40, 50 }, [1532, Image, 41, 51] }.Select(row => model.ExpandImageTokens(row).Select(id => (long)id)).ToArray();
        return tensor(rows.SelectMany(r => r).ToArray(), rows.Length, rows[0].Count());
    }
}
