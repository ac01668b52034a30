using GmailCluster.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.Llava;

public sealed class LlavaReferenceTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Logits_loss_and_gradients_are_those_of_transformers()
    {
        var model = LlavaModel.Load(Goldens.Folder("llava"));
        using var reference = Goldens.Reference("llava");
        var (ids, labels) = (reference.Load("input_ids"), reference.Load("labels"));

        var features = model.ImageFeatures(reference.Load("pixel_values"));
        var logits = model.forward(features, ids);
        var loss = model.Loss(features, ids, labels);
        var mean = loss.Sum / loss.Count;

        Goldens.AssertClose(reference.Load("logits"), logits);
        Goldens.AssertClose(reference.Load("loss"), mean);
        LanguageModelReference.AssertGradients(reference, mean, model.named_parameters(), LlavaCheckpoint.Canonical);
    }

    [Fact]
    public void Greedy_ids_are_those_of_transformers()
    {
        var model = LlavaModel.Load(Goldens.Folder("llava"));
        using var reference = Goldens.Reference("llava");
        var (prompt, expected) = (reference.Load("input_ids"), reference.Load("greedy_ids"));
        var options = model.LanguageModel.Generation.Options((int)(expected.shape[1] - prompt.shape[1]));

        var ids = model.Generate(
            model.ImageFeatures(reference.Load("pixel_values")), prompt, options, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(LanguageModelReference.Ids(expected), LanguageModelReference.Ids(cat([prompt, ids], 1)));
    }
}
