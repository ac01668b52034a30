using GmailCluster.Golden;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

/// <summary>Against transformers' CLIPModel and open_clip, fp32: embeddings, hidden states, logits, loss, gradients within 1e-4 relative.</summary>
public sealed class ClipGoldenTests
{
    [Theory]
    [InlineData("clip-quick-gelu")]
    [InlineData("clip-gelu")]
    public void Everything_is_as_transformers_computes_it(string name)
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference(name);
        using var model = ClipModel.Load(Goldens.Folder(name));
        var mask = reference.Entries.ContainsKey("attention_mask") ? reference.Load("attention_mask") : null;

        var vision = model.Vision.Encode(reference.Load("pixel_values"), withHiddenStates: true);
        var text = model.Text.Encode(reference.Load("input_ids"), mask, withHiddenStates: true);
        var logits = model.Logits(vision.Embedding, text.Embedding);
        var loss = Loss(logits);

        Goldens.AssertClose(reference.Load("image_embeds"), nn.functional.normalize(vision.Embedding, dim: -1), what: "image_embeds");
        Goldens.AssertClose(reference.Load("text_embeds"), nn.functional.normalize(text.Embedding, dim: -1), what: "text_embeds");
        Goldens.AssertClose(reference.Load("vision_pooler_output"), vision.Embedding, what: "vision_pooler_output");
        Goldens.AssertClose(reference.Load("text_pooler_output"), text.Embedding, what: "text_pooler_output");
        Goldens.AssertClose(reference.Load("vision_last_hidden_state"), vision.HiddenStates[^1], what: "vision_last_hidden_state");
        Goldens.AssertClose(reference.Load("text_last_hidden_state"), text.LastHiddenState, what: "text_last_hidden_state");
        Goldens.AssertClose(reference.Load("logits_per_image"), logits, what: "logits_per_image");
        Goldens.AssertClose(reference.Load("loss"), loss, what: "loss");
        Assert.Equal(model.Config.VisionConfig.NumHiddenLayers + 1, vision.HiddenStates.Count);
        Assert.Equal(reference.Entries.Keys.Count(k => k.StartsWith("vision_hidden_states.", StringComparison.Ordinal)), vision.HiddenStates.Count);
        for (var i = 0; i < vision.HiddenStates.Count; i++)
        {
            Goldens.AssertClose(reference.Load($"vision_hidden_states.{i}"), vision.HiddenStates[i], what: $"vision_hidden_states.{i}");
        }

        AssertGradients(reference, model, loss, n => n);
    }

    [Theory]
    [InlineData("open-clip")]
    [InlineData("openai-clip")]
    public void Everything_is_as_open_clip_computes_it(string name)
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference(name);
        using var model = ClipModel.Load(Goldens.Folder(name));

        var vision = model.Vision.Encode(reference.Load("pixel_values"));
        var text = model.Text.Encode(reference.Load("input_ids"));
        var loss = Loss(model.Logits(vision.Embedding, text.Embedding));

        Goldens.AssertClose(reference.Load("image_embeds"), nn.functional.normalize(vision.Embedding, dim: -1), what: "image_embeds");
        Goldens.AssertClose(reference.Load("text_embeds"), nn.functional.normalize(text.Embedding, dim: -1), what: "text_embeds");
        Goldens.AssertClose(reference.Load("logit_scale"), model.LogitScale.exp(), what: "logit_scale");
        Goldens.AssertClose(reference.Load("loss"), loss, what: "loss");
        AssertGradients(reference, model, loss, OpenClipNames.Of);
    }

    [Fact]
    public void The_emoji_checkpoint_in_fp16_embeds_as_transformers_does()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("emoji");
        using var model = ClipModel.Load(Goldens.Sample("emoji/emoji-clip"));
        using var noGrad = no_grad();

        var vision = model.Vision.Encode(reference.Load("pixel_values"));
        var text = model.Text.Encode(reference.Load("input_ids"));

        Assert.All(model.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
        Goldens.AssertClose(reference.Load("image_embeds"), nn.functional.normalize(vision.Embedding, dim: -1), what: "image_embeds");
        Goldens.AssertClose(reference.Load("text_embeds"), nn.functional.normalize(text.Embedding, dim: -1), what: "text_embeds");
    }

    [Fact]
    public void A_bare_text_encoder_is_the_whole_models_text_tower_without_projection()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("emoji");
        using var bare = ClipTextTower.Load(Path.Combine(Goldens.Sample("emoji/emoji-sd"), "text_encoder"));
        using var tower = ClipTextTower.Load(Goldens.Sample("emoji/emoji-clip"));
        using var noGrad = no_grad();
        var ids = reference.Load("input_ids");

        var (expected, actual) = (tower.Encode(ids), bare.Encode(ids));

        Assert.Null(bare.Projection);
        Goldens.AssertClose(expected.LastHiddenState, actual.LastHiddenState, 0);
        Goldens.AssertClose(expected.Pooled, actual.Embedding, 0);
        Goldens.AssertClose(reference.Load("text_embeds"), nn.functional.normalize(expected.Embedding, dim: -1));
    }

    [Theory]
    [InlineData(ScalarType.Float16, 5e-3)]
    [InlineData(ScalarType.BFloat16, 5e-2)]
    public void A_checkpoint_of_half_precision_is_computed_in_fp32(ScalarType dtype, double tolerance)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("clip-gelu");
        using var model = ClipModel.Load(Goldens.Folder("clip-gelu"));
        ClipCheckpoint.Save(model, folder.Path, ClipLayout.HuggingFace, dtype);
        using (var file = SafetensorsFile.Open(folder["model.safetensors"]))
        {
            Assert.All(file.Entries.Values, e => Assert.Equal(dtype, e.Dtype.Torch));
        }

        using var half = ClipModel.Load(folder.Path);
        var embedding = half.Vision.Encode(reference.Load("pixel_values")).Embedding;

        Assert.Equal(ScalarType.Float32, embedding.dtype);
        var error = Goldens.RelativeError(reference.Load("image_embeds"), nn.functional.normalize(embedding, dim: -1));
        Assert.InRange(error, 1e-6, tolerance); // only the weights were rounded, and they were
    }

    internal static Tensor Loss(Tensor logits)
    {
        var labels = arange(logits.shape[0], dtype: ScalarType.Int64);
        return (nn.functional.cross_entropy(logits, labels) + nn.functional.cross_entropy(logits.t(), labels)) / 2;
    }

    internal static void AssertGradients(SafetensorsFile reference, nn.Module module, Tensor loss, Func<string, string> rename)
    {
        var parameters = module.named_parameters().ToList();
        var gradients = autograd.grad([loss], [.. parameters.Select(p => (Tensor)p.parameter)]);
        var named = parameters.Zip(gradients, (p, g) => KeyValuePair.Create(p.name, g)).ToList();
        IDictionary<string, Tensor> own = rename("text_projection.weight") == "text_projection"
            ? OpenClipNames.Fuse(named)
            : new Dictionary<string, Tensor>(named);

        var expected = reference.Entries.Keys.Where(k => k.StartsWith("grad.", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(expected);
        Assert.Equal(own.Count, expected.Count);
        foreach (var key in expected)
        {
            if (key.EndsWith(".k_proj.bias", StringComparison.Ordinal))
            {
                // Softmax does not see a constant added to all keys: this gradient is zero, and both libraries give rounding noise.
                var beside = own[key["grad.".Length..].Replace(".bias", ".weight", StringComparison.Ordinal)].abs().max().item<float>();
                Assert.InRange(own[key["grad.".Length..]].abs().max().item<float>(), 0, 1e-5f * beside);
                continue;
            }

            Goldens.AssertClose(reference.Load(key), own[key["grad.".Length..]], what: key);
        }
    }
}
