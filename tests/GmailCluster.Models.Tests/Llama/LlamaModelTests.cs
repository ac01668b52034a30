using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

public sealed class LlamaModelTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData("llama")]
    [InlineData("llama3-rope")]
    public void Saved_and_loaded_again_it_is_the_same_model(string name)
    {
        using var folder = new TemporaryFolder();
        var model = LlamaModel.Load(Goldens.Folder(name));

        model.Save(folder.Path);
        var again = LlamaModel.Load(folder.Path);

        Assert.Equal(0, Goldens.RelativeError(Logits(model), Logits(again)));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(Goldens.Folder(name), "model.safetensors")).Length, File.ReadAllBytes(folder["model.safetensors"]).Length);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama3-rope")]
    public void The_older_spelling_of_rotary_embeddings_means_the_same(string name)
    {
        using var folder = new TemporaryFolder();
        var model = LlamaModel.Load(Goldens.Folder(name));
        model.Save(folder.Path);
        var config = ConfigFile.ReadObject(folder["config.json"]);
        config.Remove("rope_parameters");
        var isScaled = config["rope_scaling"] is not null;
        if (isScaled)
        {
            config["rope_scaling"]!["type"] = config["rope_scaling"]!["rope_type"]!.GetValue<string>();
            config["rope_scaling"]!.AsObject().Remove("rope_type");
        }

        File.WriteAllText(folder["config.json"], config.ToJsonString());

        var again = LlamaModel.Load(folder.Path);

        Assert.Equal(name == "llama3-rope", isScaled);
        Assert.Equal(0, Goldens.RelativeError(Logits(model), Logits(again)));
    }

    [Fact]
    public void Even_stretching_halves_the_angles()
    {
        var plain = new RotaryEmbedding(new LlamaConfig { HeadDim = 8 });
        var stretched = new RotaryEmbedding(new LlamaConfig { HeadDim = 8, RopeScaling = new() { RopeType = "linear", Factor = 2 } });

        var (expected, actual) = (plain.Angles(tensor([3L]), ScalarType.Float32), stretched.Angles(tensor([6L]), ScalarType.Float32));

        Goldens.AssertClose(expected.Cos, actual.Cos, 1e-6);
        Goldens.AssertClose(expected.Sin, actual.Sin, 1e-6);
    }

    [Fact]
    public void Biases_are_there_when_the_config_says_so()
    {
        var model = new LlamaModel(
            new() { HiddenSize = 8, IntermediateSize = 12, NumAttentionHeads = 2, NumHiddenLayers = 1, VocabSize = 5, AttentionBias = true, MlpBias = true }, new());

        Assert.Equal(
            new[] { "mlp.down_proj", "mlp.gate_proj", "mlp.up_proj", "self_attn.k_proj", "self_attn.o_proj", "self_attn.q_proj", "self_attn.v_proj" },
            model.named_parameters().Select(p => p.name).Where(n => n.EndsWith(".bias", StringComparison.Ordinal)).Order()
                .Select(n => n["model.layers.0.".Length..^".bias".Length]));
    }

    [Fact]
    public void Threads_that_share_a_model_get_the_gradients_that_one_thread_gets()
    {
        var model = LlamaModel.Load(Goldens.Folder("llama"));
        var ids = arange(0, 24).remainder(model.VocabularySize).view(4, 6);
        var parameters = model.parameters().ToArray<Tensor>();
        byte[][] Gradients()
        {
            using var scope = NewDisposeScope();
            return [.. autograd.grad([model.Loss(ids, ids).Sum], parameters).Select(g => g.contiguous().bytes.ToArray())];
        }

        var alone = Gradients();
        var together = new byte[4][][];
        var threads = Enumerable.Range(0, together.Length).Select(i => new Thread(() =>
        {
            set_num_threads(1);
            together[i] = Gradients();
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());

        Assert.All(together, gradients => Assert.Equal(alone, gradients));
    }

    [Theory]
    [InlineData("""{ "rope_type": "yarn", "factor": 4 }""", "yarn")]
    [InlineData("""{ "rope_type": "llama3", "factor": 8 }""", "low_freq_factor")]
    [InlineData("""{ "rope_type": "linear" }""", "factor")]
    public void Rotary_embeddings_that_do_not_work_are_refused_by_name(string rope, string named)
    {
        using var folder = new TemporaryFolder();
        LlamaModel.Load(Goldens.Folder("llama")).Save(folder.Path);
        var config = ConfigFile.ReadObject(folder["config.json"]);
        config["rope_parameters"] = JsonNode.Parse(rope);
        File.WriteAllText(folder["config.json"], config.ToJsonString());

        var error = Assert.Throws<InputException>(() => LlamaModel.Load(folder.Path));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    private static Tensor Logits(LlamaModel model) => model.forward(model.Embed(arange(1, 41).remainder(model.VocabularySize).view(1, 40)));
}
