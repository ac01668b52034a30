using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion;

public sealed class AutoencoderKLTests
{
    [Fact]
    public void Moments_and_reconstruction_equal_the_reference()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var reference = Goldens.Reference("vae");
        using var model = AutoencoderKL.Load(Goldens.Folder("vae"));

        var (mean, logVariance) = model.Encode(reference.Load("image"));
        var decoded = model.Decode(reference.Load("latent"));

        Goldens.AssertClose(reference.Load("mean"), mean, 1e-4, "mean");
        Goldens.AssertClose(reference.Load("logvar"), logVariance, 1e-4, "logvar");
        Goldens.AssertClose(reference.Load("decoded"), decoded, 1e-4, "decoded");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_first_checkpoints_attention_names_are_read(bool asConvolutions)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var reference = Goldens.Reference("vae");
        var source = Goldens.Folder("vae");
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(source, "config.json"), folder["config.json"]);
        var renamed = 0;
        using (var weights = SafetensorsFile.Open(Path.Combine(source, "diffusion_pytorch_model.safetensors")))
        {
            SafetensorsWriter.Write(folder["diffusion_pytorch_model.safetensors"], weights.Entries.Keys.ToDictionary(Old, name =>
            {
                var value = weights.Load(name);
                var isProjection = Old(name) != name;
                renamed += isProjection ? 1 : 0;
                return isProjection && asConvolutions && value.dim() == 2 ? value.unsqueeze(-1).unsqueeze(-1) : value;
            }));
        }

        using var model = AutoencoderKL.Load(folder.Path);

        Assert.Equal(model.Config.MidBlockAddAttention ? 16 : 0, renamed); // weight and bias of four projections, in encoder and decoder
        Goldens.AssertClose(reference.Load("decoded"), model.Decode(reference.Load("latent")), 1e-4);
        Goldens.AssertClose(reference.Load("mean"), model.Encode(reference.Load("image")).Mean, 1e-4);
    }

    [Theory]
    [InlineData("down_block_types", """["DownEncoderBlock2D", "AttnDownEncoderBlock2D", "DownEncoderBlock2D"]""")]
    [InlineData("up_block_types", """["UpDecoderBlock2D"]""")]
    [InlineData("shift_factor", "0.1")]
    [InlineData("latents_mean", "[0.1, 0.2, 0.3, 0.4]")]
    [InlineData("norm_num_groups", "7")]
    [InlineData("act_fn", "\"relu\"")]
    [InlineData("use_mid_attention_of_another_kind", "true")]
    public void A_config_that_asks_for_what_is_not_supported_is_refused_by_name(string key, string value)
    {
        using var folder = new TemporaryFolder();
        var config = JsonNode.Parse("""
            {"block_out_channels": [16, 32, 32], "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"], "norm_num_groups": 8}
            """)!.AsObject();
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(folder["config.json"], config.ToJsonString());

        Assert.Contains($"'{key}'", Assert.Throws<InputException>(() => AutoencoderKL.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static string Old(string name)
    {
        foreach (var (now, before) in (ReadOnlySpan<(string, string)>)[("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")])
        {
            name = name.Replace($".{now}.", $".{before}.", StringComparison.Ordinal);
        }

        return name;
    }
}
