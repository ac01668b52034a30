using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Lora;

public sealed class LoraAdapterTests
{
    private static string Folder => Goldens.Folder("lora-clip");

    private static string Base => Goldens.Folder(Goldens.Notes(Folder)["base"]!.GetValue<string>());

    [Fact]
    public void Features_gradients_and_merged_features_are_PEFTs()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference(Folder);
        using var model = ClipModel.Load(Base);
        using var adapter = LoraAdapter.Load(model, Folder);
        var pixels = reference.Load("pixel_values");

        var features = model.Vision.Encode(pixels).Embedding;
        var parameters = adapter.TrainableParameters;
        var gradients = autograd.grad([features.pow(2).sum()], [.. parameters.Select(p => (Tensor)p.Value)]);

        Goldens.AssertClose(reference.Load("image_features"), features, what: "image_features");
        Assert.Equal(parameters.Count, reference.Entries.Keys.Count(k => k.StartsWith("grad.", StringComparison.Ordinal)));
        foreach (var ((name, _), gradient) in parameters.Zip(gradients))
        {
            var key = "grad." + name.Replace(".weight", ".default.weight", StringComparison.Ordinal);
            Goldens.AssertClose(reference.Load(key), gradient, what: key);
        }

        adapter.Merge();
        using var noGrad = no_grad();
        Goldens.AssertClose(reference.Load("image_features_merged"), model.Vision.Encode(pixels).Embedding, what: "image_features_merged");
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void An_adapter_of_PEFT_comes_back_as_it_was()
    {
        using var folder = new TemporaryFolder();
        using var model = ClipModel.Load(Base);
        using var adapter = LoraAdapter.Load(model, Folder);

        adapter.Save(folder.Path);
        var files = adapter.ToFiles();

        var weights = File.ReadAllBytes(Path.Combine(Folder, LoraFiles.WeightsName));
        Assert.Equal(weights, File.ReadAllBytes(folder[LoraFiles.WeightsName]));
        Assert.Equal(weights, files.Weights.ToArray());
        var config = File.ReadAllText(folder[LoraFiles.ConfigName]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, LoraFiles.ConfigName))), JsonNode.Parse(config)), config);
        Assert.Equal(config, System.Text.Encoding.UTF8.GetString(files.Config.Span));
    }

    [Fact]
    public void A_new_adapter_changes_nothing_until_it_is_trained_and_nothing_after_it_is_detached()
    {
        using var scope = NewDisposeScope();
        using var tower = ClipVisionTower.Load(Base);
        var pixels = Pixels(tower, 1);
        var before = tower.Encode(pixels).Embedding.detach();

        using var adapter = LoraAdapter.Attach(tower, Config, new Generator(5));
        var fresh = tower.Encode(pixels).Embedding;
        var gradients = autograd.grad([fresh.pow(2).sum()], [.. adapter.TrainableParameters.Select(p => (Tensor)p.Value)]);
        Assert.All(tower.parameters(), p => Assert.False(p.requires_grad));
        Fill(adapter, 6);
        var trained = tower.Encode(pixels).Embedding;
        adapter.Detach();
        var after = tower.Encode(pixels).Embedding;

        Goldens.AssertClose(before, fresh, 0);
        Goldens.AssertClose(before, after, 0);
        Assert.True(Goldens.RelativeError(before, trained) > 1e-2);
        Assert.All(adapter.TrainableParameters.Zip(gradients).Where(p => p.First.Name.Contains("lora_B", StringComparison.Ordinal)), p => Assert.True(p.Second.abs().sum().item<float>() > 0));
        Assert.Equal(adapter.TrainableParameters.Select(p => p.Name).Order(StringComparer.Ordinal), adapter.TrainableParameters.Select(p => p.Name));
    }

    [Fact]
    public void Initial_values_are_a_function_of_the_generator()
    {
        using var tower = ClipVisionTower.Load(Base);
        byte[] Bytes(ulong seed)
        {
            using var adapter = LoraAdapter.Attach(tower, Config, new Generator(seed));
            return adapter.ToFiles().Weights.ToArray();
        }

        Assert.Equal(Bytes(1), Bytes(1));
        Assert.NotEqual(Bytes(1), Bytes(2));
        using var a = LoraAdapter.Attach(tower, Config, new Generator(1));
        Assert.All(a.TrainableParameters, p =>
        {
            var bound = p.Name.Contains("lora_A", StringComparison.Ordinal) ? 1 / Math.Sqrt(p.Value.shape[1]) : 0;
            Assert.InRange(p.Value.abs().max().item<float>(), bound * 0.8, bound * 1.0001);
        });
    }

    [Fact]
    public void Threads_that_share_a_tower_get_the_gradients_they_get_alone()
    {
        using var tower = ClipVisionTower.Load(Base);
        using var adapter = LoraAdapter.Attach(tower, Config, new Generator(5));
        Fill(adapter, 6);
        Tensor[] parameters = [.. adapter.TrainableParameters.Select(p => (Tensor)p.Value)];
        byte[] Gradient(int rank)
        {
            using var scope = NewDisposeScope();
            var gradients = autograd.grad([tower.Encode(Pixels(tower, (ulong)rank)).Embedding.pow(2).sum()], parameters);
            return cat([.. gradients.Select(g => g.flatten())]).bytes.ToArray();
        }

        var alone = Enumerable.Range(0, 4).Select(Gradient).ToList();
        var together = new byte[4][];
        var threads = Enumerable.Range(0, 4).Select(rank => new Thread(() =>
        {
            set_num_threads(1);
            for (var round = 0; round < 5; round++)
            {
                together[rank] = Gradient(rank);
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());

        Assert.All(Enumerable.Range(0, 4), rank => Assert.Equal(alone[rank], together[rank]));
        Assert.Equal(4, alone.Select(Convert.ToBase64String).Distinct().Count());
    }

    [Fact]
    public void A_missing_an_unexpected_and_a_wrongly_shaped_key_are_errors_and_leave_the_module_as_it_was()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var model = ClipModel.Load(Base);
        using var file = SafetensorsFile.Open(Path.Combine(Folder, LoraFiles.WeightsName));
        var first = file.Entries.Keys.Order(StringComparer.Ordinal).First();
        File.Copy(Path.Combine(Folder, LoraFiles.ConfigName), folder[LoraFiles.ConfigName]);
        void Refused(string part, Func<string, Tensor, Tensor?> change, params KeyValuePair<string, Tensor>[] more)
        {
            SafetensorsWriter.Write(
                folder[LoraFiles.WeightsName],
                file.Entries.Keys.Select(n => (Name: n, Value: change(n, file.Load(n)))).Where(t => t.Value is not null).Select(t => KeyValuePair.Create(t.Name, t.Value!)).Concat(more));
            Assert.Contains(part, Assert.Throws<InputException>(() => LoraAdapter.Load(model, folder.Path)).Message, StringComparison.Ordinal);
            Assert.All(model.named_modules().Select(m => m.module).OfType<AdaptableLinear>(), l => Assert.Null(l.Update));
        }

        Refused($"lacks '{first}'", (n, t) => n == first ? null : t);
        Refused("holds 'base_model.model.more.lora_A.weight'", (_, t) => t, new KeyValuePair<string, Tensor>("base_model.model.more.lora_A.weight", ones(1)));
        Refused("but the model wants", (n, t) => n == first ? t.t() : t);
    }

    [Theory]
    [InlineData("""{"peft_type": "LOHA", "target_modules": ["q_proj"]}""", "LOHA")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "use_dora": true}""", "use_dora")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "modules_to_save": ["visual_projection"]}""", "modules_to_save")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "bias": "all"}""", "bias")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "r": 0}""", "rank below 1")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["q_proj"], "init_lora_weights": "pissa"}""", "pissa")]
    [InlineData("""{"peft_type": "LORA"}""", "target_modules")]
    [InlineData("""{"peft_type": "LORA", "target_modules": "(("}""", "((")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["nothing"]}""", "match no layer")]
    [InlineData("""{"peft_type": "LORA", "target_modules": ["patch_embedding"]}""", "cannot be adapted")]
    public void A_config_that_means_something_else_is_refused(string json, string part)
    {
        using var folder = new TemporaryFolder();
        using var tower = ClipVisionTower.Load(Base);
        File.WriteAllText(folder[LoraFiles.ConfigName], json);
        File.Copy(Path.Combine(Folder, LoraFiles.WeightsName), folder[LoraFiles.WeightsName]);

        Assert.Contains(part, Assert.Throws<InputException>(() => LoraAdapter.Load(tower, folder.Path)).Message, StringComparison.Ordinal);
    }

    private static LoraConfig Config => LoraConfig.For(3, 6, ["q_proj", "v_proj", "fc1"], within: "vision_model");

    private static Tensor Pixels(ClipVisionTower tower, ulong seed) =>
        randn([2, 3, tower.Config.ImageSize, tower.Config.ImageSize], generator: new Generator(seed));

    private static void Fill(LoraAdapter adapter, ulong seed)
    {
        using var noGrad = no_grad();
        using var generator = new Generator(seed);
        foreach (var (_, value) in adapter.TrainableParameters)
        {
            value.uniform_(-0.5, 0.5, generator);
        }
    }
}
