using GmailCluster.Golden;
using GmailCluster.Models.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llama;

public sealed class LlamaReferenceTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData("llama")]
    [InlineData("llama3-rope")]
    public void Logits_loss_and_gradients_are_those_of_transformers(string name)
    {
        var model = LlamaModel.Load(Goldens.Folder(name));
        using var reference = Goldens.Reference(name);
        var (ids, labels) = (reference.Load("input_ids"), reference.Load("labels"));

        var logits = model.forward(model.Embed(ids));
        var loss = model.Loss(ids, labels);
        var mean = loss.Sum / loss.Count;

        Goldens.AssertClose(reference.Load("logits"), logits);
        Goldens.AssertClose(reference.Load("loss"), mean);
        LanguageModelReference.AssertGradients(reference, mean, model.named_parameters());
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama3-rope")]
    public void Greedy_ids_are_those_of_transformers(string name)
    {
        var model = LlamaModel.Load(Goldens.Folder(name));
        using var reference = Goldens.Reference(name);
        var (prompt, expected) = (reference.Load("greedy_prompt"), reference.Load("greedy_ids"));
        var options = model.Generation.Options((int)(expected.shape[1] - prompt.shape[1]));

        var ids = Decoder.Generate(model, model.Embed(prompt), options, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(LanguageModelReference.Ids(expected), LanguageModelReference.Ids(cat([prompt, ids], 1)));
    }

    [Fact]
    public void Logits_of_the_emoji_model_are_those_of_transformers()
    {
        var model = LlamaModel.Load(Goldens.Sample("emoji/emoji-llama"));
        using var reference = Goldens.Reference("emoji");
        var cases = reference.Entries.Keys.Where(k => k.StartsWith("llama_ids.", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(cases);

        foreach (var name in cases)
        {
            var logits = model.forward(model.Embed(reference.Load(name).unsqueeze(0)));

            Goldens.AssertClose(reference.Load(name.Replace("ids", "logits", StringComparison.Ordinal)), logits.squeeze(0), what: name);
        }
    }
}
