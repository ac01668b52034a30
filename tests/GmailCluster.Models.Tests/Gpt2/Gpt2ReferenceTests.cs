using System.Text.Json.Nodes;
using GmailCluster.Golden;
using GmailCluster.Models.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Gpt2;

public sealed class Gpt2ReferenceTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Logits_loss_and_gradients_are_those_of_transformers()
    {
        var model = Gpt2Model.Load(Goldens.Folder("gpt2"));
        using var reference = Goldens.Reference("gpt2");
        var (ids, labels) = (reference.Load("input_ids"), reference.Load("labels"));

        var logits = model.forward(model.Embed(ids));
        var loss = model.Loss(ids, labels);
        var mean = loss.Sum / loss.Count;

        Goldens.AssertClose(reference.Load("logits"), logits);
        Goldens.AssertClose(reference.Load("loss"), mean);
        LanguageModelReference.AssertGradients(reference, mean, model.named_parameters(), relayout: Gpt2Checkpoint.Relayout);
    }

    [Fact]
    public void Greedy_ids_from_a_prefix_are_those_of_transformers()
    {
        var model = Gpt2Model.Load(Goldens.Folder("gpt2"));
        using var reference = Goldens.Reference("gpt2");
        var expected = reference.Load("greedy_ids");

        var ids = Decoder.Generate(
            model, reference.Load("prefix_embeds"), model.Generation.Options((int)expected.shape[1]), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(expected.shape, ids.shape);
        Assert.Equal(LanguageModelReference.Ids(expected), LanguageModelReference.Ids(ids));
    }

    [Fact]
    public void Ids_of_five_beams_from_a_prefix_are_those_of_transformers()
    {
        var model = Gpt2Model.Load(Goldens.Folder("gpt2"));
        using var reference = Goldens.Reference("gpt2");
        var expected = reference.Load("beam5_ids");

        var ids = Decoder.Generate(
            model, reference.Load("prefix_embeds"), model.Generation.Options((int)expected.shape[1], beamCount: 5), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(expected.shape, ids.shape);
        Assert.Equal(LanguageModelReference.Ids(expected), LanguageModelReference.Ids(ids));
    }

    [Fact]
    public void Logits_of_the_emoji_model_are_those_of_transformers()
    {
        var model = Gpt2Model.Load(Goldens.Sample("emoji/emoji-gpt2"));
        using var reference = Goldens.Reference("emoji");
        var cases = reference.Entries.Keys.Where(k => k.StartsWith("gpt2_ids.", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(cases);

        foreach (var name in cases)
        {
            var logits = model.forward(model.Embed(reference.Load(name).unsqueeze(0)));

            Goldens.AssertClose(reference.Load(name.Replace("ids", "logits", StringComparison.Ordinal)), logits.squeeze(0), what: name);
        }
    }

    [Fact]
    public void A_sharded_folder_is_read_whole()
    {
        var folder = Path.Combine(Goldens.Folder("files"), "sharded-gpt2");
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")))!.AsObject();

        var model = Gpt2Model.Load(folder);

        var values = model.state_dict();
        Assert.NotEmpty(expected);
        foreach (var (name, said) in expected.Where(e => values.ContainsKey(e.Key)))
        {
            var value = Gpt2Checkpoint.Relayout(name, values[name]);
            Assert.Equal(said!["shape"]!.AsArray().Select(n => n!.GetValue<long>()), value.shape);
            Assert.Equal(said["sum"]!.GetValue<double>(), value.to_type(ScalarType.Float64).sum().item<double>(), 1e-6);
        }

        Assert.Equal(values.Keys.Order(), expected.Select(e => e.Key).Where(k => k != "lm_head.weight").Order());
    }
}
