using System.Text.Json.Nodes;
using GmailCluster.Golden;
using GmailCluster.Learning.Contrastive;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Numerics;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Learning.Tests.Contrastive;

/// <summary>Long-CLIP: 248 positions in two tables, long and short side loss, against its own code.</summary>
public sealed class LongClipGoldenTests
{
    // train/train.py of Long-CLIP.
    private const double LabelSmoothing = 0.1;
    private const int ShortComponents = 32;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Long_and_short_losses_and_their_gradients_are_the_references(int ranks)
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("long-clip");
        using var model = ClipModel.Load(Goldens.Folder("long-clip"), Config(Goldens.Notes("long-clip")));
        var scale = Math.Exp(model.LogitScale.item<float>());

        var image = Normalised(model.Vision.Encode(reference.Load("pixel_values")).Embedding);
        var longText = Normalised(model.Text.Encode(reference.Load("long_ids")).Embedding);
        var shortText = Normalised(model.Text.Encode(reference.Load("short_ids")).Embedding);
        var shortImage = PrincipalComponents.Reconstruct(image, ShortComponents);
        var longParts = ContrastiveOverRanks.InfoNce(image, longText, ranks, scale, LabelSmoothing);
        var shortParts = ContrastiveOverRanks.InfoNce(shortImage, shortText, ranks, scale, LabelSmoothing);
        var parameters = model.named_parameters().Where(p => p.name != "logit_scale").ToList();
        var gradients = autograd.grad(
            [image, longText, shortImage, shortText],
            [.. parameters.Select(p => (Tensor)p.parameter)],
            [A(longParts), B(longParts), A(shortParts), B(shortParts)]);

        Goldens.AssertClose(reference.Load("image_embeds"), image, what: "image_embeds");
        Goldens.AssertClose(reference.Load("long_embeds"), longText, what: "long_embeds");
        Goldens.AssertClose(reference.Load("loss_long"), tensor(longParts.Sum(p => p.Share)), what: "loss_long");
        Goldens.AssertClose(reference.Load("loss_short"), tensor(shortParts.Sum(p => p.Share)), what: "loss_short");
        Goldens.AssertClose(reference.Load("grad.logit_scale"), tensor((longParts.Sum(p => p.Scale) + shortParts.Sum(p => p.Scale)) * scale), what: "grad.logit_scale");
        var named = parameters.Zip(gradients, (p, g) => (p.name, g)).ToDictionary(p => p.name, p => p.g, StringComparer.Ordinal);
        AssertPositions(reference, named["text_model.embeddings.position_embedding.weight"]);
        foreach (var (name, gradient) in named)
        {
            if (Whole(name) is { } theirs)
            {
                Goldens.AssertClose(reference.Load($"grad.{theirs}"), name.EndsWith("_projection.weight", StringComparison.Ordinal) ? gradient.t() : gradient, what: name);
            }
        }
    }

    [Fact]
    public void Short_reconstruction_is_differentiated_as_the_eigendecomposition_is()
    {
        using var scope = NewDisposeScope();
        var rows = randn([9, 6], ScalarType.Float64, generator: new Generator(3)).requires_grad_(true);
        var weights = randn([9, 6], ScalarType.Float64, generator: new Generator(4));
        var mean = rows.mean([0], keepdim: true);
        var (_, vectors) = linalg.eigh((rows - mean).t().mm(rows - mean));
        var kept = vectors.narrow(1, 4, 2);
        var expected = (rows - mean).mm(kept).mm(kept.t()) + mean;

        var actual = PrincipalComponents.Reconstruct(rows, 2);

        Goldens.AssertClose(expected, actual, 1e-12);
        Goldens.AssertClose(autograd.grad([(expected * weights).sum()], [rows])[0], autograd.grad([(actual * weights).sum()], [rows])[0], 1e-10);
        Goldens.AssertClose(rows, PrincipalComponents.Reconstruct(rows, 6), 1e-12);
    }

    [Fact]
    public void Fewer_rows_than_components_come_back_whole_with_a_plain_gradient()
    {
        using var scope = NewDisposeScope();
        var rows = randn([4, 8], ScalarType.Float64, generator: new Generator(3)).requires_grad_(true);
        var weights = randn([4, 8], ScalarType.Float64, generator: new Generator(4));

        var actual = PrincipalComponents.Reconstruct(rows, 5);
        var gradient = autograd.grad([(actual * weights).sum()], [rows])[0];

        // Four centred rows span three directions, all kept: a small change of a row comes through as far as it lies in the five kept ones.
        Goldens.AssertClose(rows, actual, 1e-10);
        Assert.InRange(gradient.abs().max().item<double>(), 0.01, 10 * weights.abs().max().item<double>());
    }

    // The reference keeps the first positions in one table and the others in a second.
    private static void AssertPositions(SafetensorsFile reference, Tensor gradient)
    {
        var (kept, count) = (LongClip.KeptPositions, gradient.shape[0]);
        Goldens.AssertClose(reference.Load("grad.positional_embedding").narrow(0, 0, kept), gradient.narrow(0, 0, kept), what: "positional_embedding");
        Goldens.AssertClose(reference.Load("grad.positional_embedding_res").narrow(0, kept, count - kept), gradient.narrow(0, kept, count - kept), what: "positional_embedding_res");
    }

    // Long-CLIP's names of the tensors that are not fused or split; those in the layers are covered by the open_clip references.
    private static string? Whole(string name) => name switch
    {
        "vision_model.embeddings.class_embedding" => "visual.class_embedding",
        "vision_model.embeddings.patch_embedding.weight" => "visual.conv1.weight",
        "vision_model.embeddings.position_embedding.weight" => "visual.positional_embedding",
        "vision_model.post_layernorm.weight" => "visual.ln_post.weight",
        "vision_model.pre_layrnorm.bias" => "visual.ln_pre.bias",
        "vision_model.encoder.layers.0.mlp.fc1.weight" => "visual.transformer.resblocks.0.mlp.c_fc.weight",
        "visual_projection.weight" => "visual.proj",
        "text_model.embeddings.token_embedding.weight" => "token_embedding.weight",
        "text_model.encoder.layers.0.mlp.fc1.weight" => "transformer.resblocks.0.mlp.c_fc.weight",
        "text_model.final_layer_norm.weight" => "ln_final.weight",
        "text_projection.weight" => "text_projection",
        _ => null,
    };

    private static Tensor Normalised(Tensor embedding) => nn.functional.normalize(embedding, dim: -1);

    private static Tensor A(InfoNcePart[] parts) => cat([.. parts.Select(p => p.OwnA)]);

    private static Tensor B(InfoNcePart[] parts) => cat([.. parts.Select(p => p.OwnB)]);

    private static ClipConfig Config(JsonObject notes)
    {
        int Of(string key) => notes[key]!.GetValue<int>();
        return new ClipConfig
        {
            ProjectionDim = Of("embed_dim"),
            VisionConfig = new ClipVisionConfig
            {
                HiddenSize = Of("vision_width"),
                IntermediateSize = 4 * Of("vision_width"),
                ProjectionDim = Of("embed_dim"),
                NumHiddenLayers = Of("vision_layers"),
                NumAttentionHeads = Math.Max(1, Of("vision_width") / 64),
                ImageSize = Of("image"),
                PatchSize = Of("patch"),
            },
            TextConfig = new ClipTextConfig
            {
                VocabSize = Of("vocab"),
                HiddenSize = Of("text_width"),
                IntermediateSize = 4 * Of("text_width"),
                ProjectionDim = Of("embed_dim"),
                NumHiddenLayers = Of("text_layers"),
                NumAttentionHeads = Of("heads"),
                MaxPositionEmbeddings = Of("context"),
                EosTokenId = 2,
            },
        };
    }
}
