using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Gpt2;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.ClipCap;

public sealed class ClipCapModelTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    public static TheoryData<MappingType> Types => [MappingType.Mlp, MappingType.Transformer];

    [Theory]
    [MemberData(nameof(Types))]
    public void The_loss_is_the_cross_entropy_of_the_captions_tokens(MappingType type)
    {
        var model = Captioner(type);
        var (images, ids, mask) = Batch();

        var loss = model.Loss(images, ids, mask);

        // As CLIP_prefix_caption computes it: over everything, with an attention mask, tokens counted one by one.
        var embeddings = cat([model.Prefix(images), model.LanguageModel.Embed(ids)], 1);
        var attention = cat([ones(3, model.Config.PrefixLength, dtype: ScalarType.Int64), mask], 1);
        var logits = model.LanguageModel.forward(embeddings, attention).narrow(1, model.Config.PrefixLength - 1, ids.shape[1]);
        var each = logits.log_softmax(-1).gather(2, ids.unsqueeze(-1)).squeeze(-1).neg();
        Goldens.AssertClose((each * mask).sum(), loss.Sum, 1e-5);
        Assert.Equal(mask.sum().item<long>(), loss.Count);
    }

    [Fact]
    public void Parts_of_a_batch_add_up_to_the_batch()
    {
        var model = Captioner(MappingType.Mlp);
        var (images, ids, mask) = Batch();

        var whole = model.Loss(images, ids, mask);
        var parts = Enumerable.Range(0, 3).Select(r => model.Loss(images.narrow(0, r, 1), ids.narrow(0, r, 1), mask.narrow(0, r, 1))).ToArray();

        Assert.Equal(whole.Count, parts.Sum(p => p.Count));
        Goldens.AssertClose(whole.Sum, parts[0].Sum + parts[1].Sum + parts[2].Sum, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_parameter_gets_a_gradient(MappingType type)
    {
        var model = Captioner(type);
        var (images, ids, mask) = Batch();

        var gradients = autograd.grad([model.Loss(images, ids, mask).Sum], [.. model.parameters()]);

        Assert.All(model.named_parameters().Zip(gradients), p => Assert.True(p.Second.abs().sum().item<float>() > 0, p.First.name));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Its_first_values_come_from_the_generator_alone(MappingType type)
    {
        manual_seed(1);
        var first = Captioner(type, seed: 5);
        manual_seed(2);

        var (same, other) = (Captioner(type, seed: 5), Captioner(type, seed: 6));

        Assert.All(first.Mapper.state_dict(), p => Assert.Equal(p.Value.bytes.ToArray(), same.Mapper.state_dict()[p.Key].bytes.ToArray()));
        Assert.NotEqual(first.Mapper.parameters().First().bytes.ToArray(), other.Mapper.parameters().First().bytes.ToArray());
        var weight = first.Mapper.state_dict().First(p => p.Key is "model.0.weight" or "linear.weight").Value;
        Assert.InRange(weight.abs().max().item<float>(), 0.9 / Math.Sqrt(weight.shape[1]), 1 / Math.Sqrt(weight.shape[1]));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Saved_and_loaded_again_it_captions_the_same(MappingType type)
    {
        using var folder = new TemporaryFolder();
        var model = Captioner(type);
        var (images, _, _) = Batch();
        var options = model.LanguageModel.Generation.Options(12);

        model.Save(folder.Path);
        var again = ClipCapModel.Load(folder.Path);

        Assert.Equal(
            LanguageModelReference.Ids(model.Generate(images, options, TestContext.Current.CancellationToken)),
            LanguageModelReference.Ids(again.Generate(images, options, TestContext.Current.CancellationToken)));
        Assert.Equal(["config.json", "gpt2/config.json", "gpt2/generation_config.json", "gpt2/model.safetensors", "model.safetensors"], model.Export().Keys.Order());
        Assert.All(again.Export(), file => Assert.Equal(File.ReadAllBytes(folder[file.Key]), file.Value));
    }

    [Fact]
    public void A_folder_with_another_language_model_is_refused()
    {
        using var folder = new TemporaryFolder();
        Captioner(MappingType.Mlp).Save(folder.Path);
        Gpt2Model.Load(Goldens.Folder("gpt2")).Save(folder["gpt2"]);

        var error = Assert.Throws<InputException>(() => ClipCapModel.Load(folder.Path));

        Assert.Contains("model.0.bias", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mask_with_holes_is_refused()
    {
        var model = Captioner(MappingType.Mlp);
        var (images, ids, mask) = Batch();
        mask[1, 0] = 0;

        Assert.Throws<ArgumentException>(() => model.Loss(images, ids, mask));
    }

    private static ClipCapModel Captioner(MappingType type, ulong seed = 3) => ClipCapModel.Create(
        new() { MappingType = type, PrefixSize = 128, PrefixLength = 4, ClipLength = 3, NumLayers = 2 },
        Gpt2Model.Load(Goldens.Sample("emoji/emoji-gpt2")), new Generator(seed));

    private static (Tensor Images, Tensor Ids, Tensor Mask) Batch() => (
        randn([3, 128], generator: new Generator(1)),
        tensor(new long[] { 5, 6, 7, 1535, 0, 0, 0, 8, 9, 1535, 0, 0, 0, 0, 3, 3, 3, 3, 3, 1535, 0 }, 3, 7),
        tensor(new long[] { 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0 }, 3, 7));
}
