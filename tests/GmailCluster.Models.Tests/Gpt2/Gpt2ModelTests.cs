using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Gpt2;

public sealed class Gpt2ModelTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void A_model_outlives_the_scope_it_was_loaded_in()
    {
        Gpt2Model model;
        using (NewDisposeScope())
        {
            model = Gpt2Model.Load(Goldens.Folder("gpt2"));
        }

        Assert.True(model.forward(model.Embed(tensor(new long[] { 1, 2 }, 1, 2))).isfinite().all().item<bool>());
    }

    [Fact]
    public void Saved_and_loaded_again_it_is_the_same_model()
    {
        using var folder = new TemporaryFolder();
        var model = Gpt2Model.Load(Goldens.Sample("emoji/emoji-gpt2"));
        var ids = tensor(new long[] { 5, 6, 7, 8 }, 1, 4);

        model.Save(folder.Path);
        var again = Gpt2Model.Load(folder.Path);

        Assert.Equal(0, Goldens.RelativeError(model.forward(model.Embed(ids)), again.forward(again.Embed(ids))));
        Assert.Equal(model.Generation.EosTokenId, again.Generation.EosTokenId);
        var config = ConfigFile.ReadObject(folder["config.json"]);
        var original = ConfigFile.ReadObject(Path.Combine(Goldens.Sample("emoji/emoji-gpt2"), "config.json"));
        Assert.Equal("float32", config["dtype"]!.GetValue<string>()); // from_pretrained would otherwise round what was trained
        Assert.Empty(original.Select(f => f.Key).Except(config.Select(f => f.Key)));
    }

    [Fact]
    public void Names_without_the_prefix_and_causal_masks_are_read_as_OpenAI_published_them()
    {
        using var folder = new TemporaryFolder();
        var model = Gpt2Model.Load(Goldens.Folder("gpt2"));
        File.Copy(Path.Combine(Goldens.Folder("gpt2"), "config.json"), folder["config.json"]);
        var bare = model.state_dict().Select(p => KeyValuePair.Create(p.Key["transformer.".Length..], Gpt2Checkpoint.Relayout(p.Key, p.Value)))
            .Append(KeyValuePair.Create("h.0.attn.bias", ones(1, 1, 4, 4).tril()));
        Safetensors.SafetensorsWriter.Write(folder["model.safetensors"], bare);

        var again = Gpt2Model.Load(folder.Path);

        var ids = tensor(new long[] { 1, 2, 3 }, 1, 3);
        Assert.Equal(0, Goldens.RelativeError(model.forward(model.Embed(ids)), again.forward(again.Embed(ids))));
    }

    [Fact]
    public void Threads_that_share_a_model_get_the_gradients_that_one_thread_gets()
    {
        var model = Gpt2Model.Load(Goldens.Folder("gpt2"));
        using var reference = Goldens.Reference("gpt2");
        var (ids, labels) = (reference.Load("input_ids"), reference.Load("labels"));
        var parameters = model.parameters().ToArray<Tensor>();
        byte[][] Gradients()
        {
            using var scope = NewDisposeScope();
            return [.. autograd.grad([model.Loss(ids, labels).Sum], parameters).Select(g => g.contiguous().bytes.ToArray())];
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

    [Fact]
    public void Dropout_comes_from_the_generator_alone_and_only_with_one()
    {
        var source = Gpt2Model.Load(Goldens.Folder("gpt2"));
        var model = new Gpt2Model(source.Config with { AttnPdrop = 0.3, ResidPdrop = 0.3, EmbdPdrop = 0.3 }, source.Generation);
        model.load_state_dict(source.state_dict());
        var embeddings = source.Embed(tensor(new long[] { 1, 2, 3, 4, 5, 6 }, 2, 3));

        var (first, same, other) = (
            model.forward(embeddings, dropout: new Generator(7)), model.forward(embeddings, dropout: new Generator(7)), model.forward(embeddings, dropout: new Generator(8)));

        Assert.Equal(0, Goldens.RelativeError(source.forward(embeddings), model.forward(embeddings)));
        Assert.Equal(0, Goldens.RelativeError(first, same));
        Assert.True(Goldens.RelativeError(first, other) > 0.01);
    }

    [Fact]
    public void A_batch_without_labels_has_no_loss_and_zero_gradients()
    {
        var model = Gpt2Model.Load(Goldens.Folder("gpt2"));

        var loss = model.Loss(ones(2, 3, dtype: ScalarType.Int64), full(2, 3, -100, dtype: ScalarType.Int64));

        Assert.Equal(0, loss.Count);
        Assert.All(autograd.grad([loss.Sum], [.. model.parameters()]), g => Assert.Equal(0, g.abs().sum().item<float>()));
    }

    [Theory]
    [InlineData("\"n_head\": 4", "\"n_head\": 5", "n_head")]
    [InlineData("\"model_type\": \"gpt2\"", "\"model_type\": \"opt\"", "opt")]
    [InlineData("gelu_new", "mish", "mish")]
    [InlineData("\"n_embd\": 32", "\"n_embd\": 64", "shape")]
    [InlineData("\"vocab_size\": 97", "\"vocab_size\": \"many\"", "vocab_size")]
    public void A_config_that_does_not_fit_is_refused_by_name(string text, string replacement, string named)
    {
        using var folder = new TemporaryFolder();
        var config = File.ReadAllText(Path.Combine(Goldens.Repository, "tests", "goldens", "gpt2", "config.json"));
        Assert.Contains(text, config, StringComparison.Ordinal);
        File.WriteAllText(folder["config.json"], config.Replace(text, replacement, StringComparison.Ordinal));
        File.Copy(Path.Combine(Goldens.Repository, "tests", "goldens", "gpt2", "model.safetensors"), folder["model.safetensors"]);

        var error = Assert.Throws<InputException>(() => Gpt2Model.Load(folder.Path));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
