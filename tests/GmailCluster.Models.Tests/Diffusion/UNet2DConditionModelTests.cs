using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Golden;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion;

public sealed class UNet2DConditionModelTests
{
    [Theory]
    [InlineData("unet-sd1")]
    [InlineData("unet-sd2")]
    public void Output_equals_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var reference = Goldens.Reference(name);
        using var model = UNet2DConditionModel.Load(Goldens.Folder(name));

        var output = model.forward(reference.Load("sample"), reference.Load("timestep"), reference.Load("encoder_hidden_states"));

        Goldens.AssertClose(reference.Load("out"), output, 1e-4);
    }

    [Theory]
    [InlineData("unet-sd1")]
    [InlineData("unet-sd2")]
    public void Gradients_of_the_mean_square_equal_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference(name);
        using var model = UNet2DConditionModel.Load(Goldens.Folder(name));

        model.forward(reference.Load("sample"), reference.Load("timestep"), reference.Load("encoder_hidden_states")).pow(2).mean().backward();

        var parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        var expected = reference.Entries.Keys.Where(k => k.StartsWith("grad.", StringComparison.Ordinal)).Select(k => k["grad.".Length..]).ToHashSet();
        Assert.Equal(expected.Order(StringComparer.Ordinal), parameters.Keys.Order(StringComparer.Ordinal));
        // A bias before a normalisation has a gradient near 0, so errors are measured against the largest gradient of all, too.
        var scale = expected.Max(p => reference.Load("grad." + p).abs().max().item<float>());
        foreach (var parameter in expected)
        {
            var wanted = reference.Load("grad." + parameter);
            var error = (wanted - parameters[parameter].grad!).abs().max().item<float>();
            Assert.True(error <= Math.Max(1e-4 * wanted.abs().max().item<float>(), 1e-6 * scale), $"{parameter}: {error}");
        }
    }

    [Theory]
    [InlineData("unet-sd1")]
    [InlineData("unet-sd2")]
    public void Latents_taken_once_for_several_texts_give_what_repeated_latents_give(string name)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var reference = Goldens.Reference(name);
        using var model = UNet2DConditionModel.Load(Goldens.Folder(name));
        var (sample, text) = (reference.Load("sample"), reference.Load("encoder_hidden_states"));
        var texts = cat([text.flip(0), text], 0);

        var shared = model.forward(sample, tensor(321), texts);
        var repeated = model.forward(cat([sample, sample], 0), tensor(321), texts);
        var alone = model.forward(sample[1..2], tensor([321]), text[1..2]);

        Goldens.AssertClose(repeated, shared, 1e-5);
        Goldens.AssertClose(alone, shared[(int)sample.shape[0] + 1].unsqueeze(0), 1e-5);
    }

    [Fact]
    public void Sizes_that_do_not_halve_evenly_are_joined_with_their_skips()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var reference = Goldens.Reference("unet-sd1");
        using var model = UNet2DConditionModel.Load(Goldens.Folder("unet-sd1"));
        var text = reference.Load("encoder_hidden_states")[..1];

        var output = model.forward(ones(1, reference.Load("sample").shape[1], 7, 9), tensor(1), text);

        Assert.Equal([7, 9], output.shape[2..]);
        Assert.True(isfinite(output).all().item<bool>());
    }

    [Theory]
    [InlineData("down_block_types", """["CrossAttnDownBlock2D", "AttnDownBlock2D"]""")]
    [InlineData("down_block_types", """["DownBlock2D"]""")]
    [InlineData("up_block_types", """["SimpleCrossAttnUpBlock2D", "UpBlock2D"]""")]
    [InlineData("mid_block_type", "\"UNetMidBlock2DSimpleCrossAttn\"")]
    [InlineData("act_fn", "\"gelu\"")]
    [InlineData("class_embed_type", "\"timestep\"")]
    [InlineData("addition_embed_type", "\"text_time\"")]
    [InlineData("num_class_embeds", "1000")]
    [InlineData("num_attention_heads", "4")]
    [InlineData("only_cross_attention", "true")]
    [InlineData("resnet_time_scale_shift", "\"scale_shift\"")]
    [InlineData("mid_block_scale_factor", "1.4")]
    [InlineData("time_cond_proj_dim", "256")]
    [InlineData("attention_head_dim", "[4, 4, 4]")]
    [InlineData("attention_head_dim", "7")]
    [InlineData("norm_num_groups", "5")]
    [InlineData("block_out_channels", "\"wide\"")]
    [InlineData("layers_per_block", "0")]
    [InlineData("invented_option", "3")]
    public void A_config_that_asks_for_what_is_not_supported_is_refused_by_name(string key, string value)
    {
        using var folder = new TemporaryFolder();
        var config = JsonNode.Parse("""
            {"block_out_channels": [16, 32], "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
             "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"], "norm_num_groups": 8, "attention_head_dim": 4}
            """)!.AsObject();
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(folder["config.json"], config.ToJsonString());

        var error = Assert.Throws<InputException>(() => UNet2DConditionModel.Load(folder.Path));

        Assert.Contains($"'{key}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_another_model_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Goldens.Folder("unet-sd1"), "config.json"), folder["config.json"]);
        File.Copy(Path.Combine(Goldens.Folder("vae"), "diffusion_pytorch_model.safetensors"), folder["diffusion_pytorch_model.safetensors"]);

        Assert.Throws<InputException>(() => UNet2DConditionModel.Load(folder.Path));
    }

    [Fact]
    public void A_batch_of_the_wrong_shape_is_refused_with_both_shapes()
    {
        using var scope = NewDisposeScope();
        using var model = UNet2DConditionModel.Load(Goldens.Folder("unet-sd1"));
        var width = model.Config.CrossAttentionDim[0];

        Assert.Contains("got [2, 4, 9]", Assert.Throws<ArgumentException>(() => model.forward(ones(2, 4, 8, 8), tensor(1), ones(2, 4, 9))).Message, StringComparison.Ordinal);
        Assert.Contains("got [2, 5, 8, 8]", Assert.Throws<ArgumentException>(() => model.forward(ones(2, 5, 8, 8), tensor(1), ones(2, 4, width))).Message, StringComparison.Ordinal);
        Assert.Contains("got [2, 4, 8, 8]", Assert.Throws<ArgumentException>(() => model.forward(ones(2, 4, 8, 8), tensor(1), ones(3, 4, width))).Message, StringComparison.Ordinal);
    }
}
