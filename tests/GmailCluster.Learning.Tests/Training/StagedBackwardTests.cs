using GmailCluster.Golden;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Clip;
using GmailCluster.Models.ClipCap;
using GmailCluster.Models.Gpt2;
using GmailCluster.Models.Layers;
using GmailCluster.Models.Llama;
using GmailCluster.Models.Lora;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Training;

/// <summary>The sample's own models: a cut changes no bit of their gradients.</summary>
public sealed class StagedBackwardTests
{
    private static readonly string Emoji = Goldens.Sample("emoji");

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void A_captioner_has_the_same_gradient_in_stages(int stages)
    {
        using var generator = new Generator(3);
        using var languageModel = Gpt2Model.Load(Path.Combine(Emoji, "emoji-gpt2"));
        using var model = ClipCapModel.Create(new ClipCapConfig { PrefixSize = 24, PrefixLength = 4 }, languageModel, generator);
        using var parameters = FlatParameters.Adopt(TrainableParameters.Of(model));
        var (images, ids) = (randn([3, 24], generator: generator), randint(0, languageModel.VocabularySize, [3, 9], ScalarType.Int64, generator: generator));

        var wholeAfter = AssertSameGradient(
            parameters, languageModel.Config.NLayer, stages, boundary => [model.Loss(images, ids, ones_like(ids), boundary: boundary).Sum]);

        var last = Math.Min(stages, languageModel.Config.NLayer) - 1;
        Assert.Equal(last, StageOf(parameters, wholeAfter, "gpt.transformer.wte.weight")); // the head, too: both add up
        Assert.Equal(last, StageOf(parameters, wholeAfter, "gpt.transformer.h.0.mlp.c_fc.weight"));
        Assert.Equal(0, StageOf(parameters, wholeAfter, "gpt.transformer.ln_f.weight"));
        Assert.Equal(0, StageOf(parameters, wholeAfter, $"gpt.transformer.h.{languageModel.Config.NLayer - 1}.mlp.c_fc.weight"));
    }

    [Fact]
    public void Llama_has_the_same_gradient_in_stages()
    {
        using var generator = new Generator(3);
        using var model = LlamaModel.Load(Path.Combine(Emoji, "emoji-llama"));
        using var parameters = FlatParameters.Adopt(TrainableParameters.Of(model));
        var ids = randint(0, model.VocabularySize, [3, 9], ScalarType.Int64, generator: generator);

        AssertSameGradient(parameters, model.Config.NumHiddenLayers, 2, boundary => [model.Logits(model.HiddenStates(model.Embed(ids), boundary: boundary)).square().sum()]);
    }

    [Fact]
    public void A_text_tower_that_reads_two_texts_has_the_same_gradient_in_stages()
    {
        using var generator = new Generator(3);
        using var tower = ClipTextTower.Load(Path.Combine(Emoji, "emoji-clip"));
        using var parameters = FlatParameters.Adopt(TrainableParameters.Of(tower));
        var texts = Enumerable.Range(0, 2).Select(_ => randint(1, tower.Config.VocabSize, [3, 9], ScalarType.Int64, generator: generator)).ToArray();

        AssertSameGradient(parameters, tower.Config.NumHiddenLayers, 2, boundary => [.. texts.Select(text => tower.Encode(text, boundary: boundary).Embedding)]);
    }

    [Fact]
    public void An_adapter_on_an_image_tower_has_the_same_gradient_in_stages_patches_included()
    {
        using var generator = new Generator(3);
        using var tower = ClipVisionTower.Load(Path.Combine(Emoji, "emoji-clip"));
        using var adapter = LoraAdapter.Attach(tower, LoraConfig.For(4, 8, ["q_proj", "v_proj", "fc1"]), generator);
        using var parameters = FlatParameters.Adopt(adapter.TrainableParameters);
        parameters.Values.Fill(0.01f);
        var pixels = randn([2, 3, tower.Config.ImageSize, tower.Config.ImageSize], generator: generator);
        var layers = tower.Config.NumHiddenLayers;

        AssertSameGradient(parameters, layers - 1, 2, boundary =>
        {
            var output = tower.Encode(pixels, withHiddenStates: true, boundary);
            return [output.Embedding, output.HiddenStates[layers - 1]];
        });
    }

    [Fact]
    public void What_is_frozen_below_a_cut_is_not_differentiated()
    {
        using var scope = NewDisposeScope();
        var (x, upper) = (randn(3), nn.Parameter(ones(3)));
        using var parameters = FlatParameters.Adopt([("upper", upper)]);
        var stages = new BackwardStages(parameters, layers: 2, stages: 2);
        using var backward = stages.Begin();
        var passed = new List<int>();
        var gradient = new float[parameters.Length];

        Assert.Same(x, backward.Cut(x, 1));
        backward.Run([(x * upper).sum()], null, gradient, passed.Add);

        Assert.Equal([0, 1], passed);
        Assert.Equal([0], stages.WholeAfter());
        Assert.Equal(x.data<float>().ToArray(), gradient[..3]);
    }

    [Fact]
    public void A_parameter_that_the_loss_does_not_depend_on_is_named()
    {
        using var scope = NewDisposeScope();
        var used = nn.Parameter(ones(3));
        using var parameters = FlatParameters.Adopt([("idle", nn.Parameter(ones(2))), ("used", used)]);
        using var backward = new BackwardStages(parameters, layers: 1).Begin();

        var error = Assert.Throws<InvalidOperationException>(() => backward.Run([used.sum()], null, new float[parameters.Length]));

        Assert.Equal("The loss does not depend on idle.", error.Message);
    }

    [Theory]
    [InlineData(1000, 12, 1)]
    [InlineData(1 << 20, 12, 4)]
    [InlineData(1 << 26, 12, 8)]
    [InlineData(1 << 26, 2, 2)]
    [InlineData(1 << 26, 0, 1)]
    public void There_are_as_many_stages_as_the_gradient_is_worth(int values, int layers, int stages)
    {
        using var parameters = FlatParameters.Adopt([("p", nn.Parameter(zeros(values)))]);

        Assert.Equal(stages, new BackwardStages(parameters, layers).Count);
    }

    private static int[] AssertSameGradient(FlatParameters parameters, int layers, int stages, Func<LayerBoundary?, IReadOnlyList<Tensor>> forward)
    {
        var whole = Gradient(new BackwardStages(parameters, layers, 1), forward, []);
        var cut = new BackwardStages(parameters, layers, stages);
        foreach (var pass in new[] { "the first, which sees what the stages reach", "one that knows" })
        {
            var passed = new List<int>();
            var staged = Gradient(cut, forward, passed);

            Assert.Equal(Enumerable.Range(0, Math.Min(stages, layers)), passed);
            Assert.True(whole.AsSpan().SequenceEqual(staged), pass);
        }

        var wholeAfter = cut.WholeAfter();
        Assert.Contains(0, wholeAfter);
        Assert.Contains(cut.Count - 1, wholeAfter);
        return wholeAfter;
    }

    private static float[] Gradient(BackwardStages stages, Func<LayerBoundary?, IReadOnlyList<Tensor>> forward, List<int> passed)
    {
        using var scope = NewDisposeScope();
        using var backward = stages.Begin();
        var outputs = forward(backward.Cut);
        var gradients = outputs.Select((output, i) => full_like(output, 0.5 + i)).ToArray();
        var gradient = new float[stages.Parameters.Length];
        backward.Run(outputs, gradients, gradient, passed.Add);
        return gradient;
    }

    private static int StageOf(FlatParameters parameters, int[] wholeAfter, string name) =>
        wholeAfter[parameters.Slices.Index().Single(slice => slice.Item.Name == name).Index];
}
