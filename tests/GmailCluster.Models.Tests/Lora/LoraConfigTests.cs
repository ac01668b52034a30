using GmailCluster.Models.Checkpoints;

namespace GmailCluster.Models.Lora;

/// <summary>Layer selection, rank and scaling as PEFT's <c>check_target_module_exists</c> and <c>get_pattern_key</c> do it.</summary>
public sealed class LoraConfigTests
{
    private const string Layer0 = "vision_model.encoder.layers.0.self_attn.q_proj";
    private const string Layer3 = "vision_model.encoder.layers.3.self_attn.q_proj";

    [Theory]
    [InlineData("""["q_proj"]""", Layer0, true)]
    [InlineData("""["proj"]""", Layer0, false)]
    [InlineData("""["self_attn.q_proj"]""", Layer0, true)]
    [InlineData("""["q_proj"]""", "q_proj", true)]
    [InlineData("\"q_proj\"", Layer0, false)]
    [InlineData("\".*\\\\.(q|v)_proj\"", Layer0, true)]
    [InlineData("\".*layers\\\\.0.*\"", Layer3, false)]
    [InlineData("\"all-linear\"", Layer3, true)]
    [InlineData("\"all-linear\"", "lm_head", false)]
    public void Target_modules_match_as_in_PEFT(string targets, string name, bool expected) =>
        Assert.Equal(expected, Parse($$"""{"target_modules": {{targets}}}""").Targets(name));

    [Fact]
    public void Layers_can_be_chosen_by_index_and_left_out_by_name()
    {
        var some = Parse("""{"target_modules": ["q_proj"], "layers_to_transform": [3, 7]}""");
        Assert.Equal((false, true), (some.Targets(Layer0), some.Targets(Layer3)));
        var one = Parse("""{"target_modules": ["q_proj"], "layers_to_transform": 0, "layers_pattern": "layers"}""");
        Assert.Equal((true, false), (one.Targets(Layer0), one.Targets(Layer3)));
        var other = Parse("""{"target_modules": ["q_proj"], "layers_to_transform": 0, "layers_pattern": ["h"]}""");
        Assert.False(other.Targets(Layer0));
        var excluded = Parse("""{"target_modules": ["q_proj"], "exclude_modules": ".*layers\\.3\\..*"}""");
        Assert.Equal((true, false), (excluded.Targets(Layer0), excluded.Targets(Layer3)));
    }

    [Fact]
    public void Rank_and_scaling_follow_patterns_and_rank_stabilisation()
    {
        var config = Parse("""{"target_modules": ["q_proj"], "r": 4, "lora_alpha": 8, "rank_pattern": {"layers.3.self_attn.q_proj": 16}, "alpha_pattern": {"q_proj": 32}}""");
        Assert.Equal((4, 8.0), config.For(Layer0));
        Assert.Equal((16, 2.0), config.For(Layer3));
        Assert.Equal((4, 16.0), (config with { UseRslora = true }).For(Layer0));
    }

    [Fact]
    public void A_config_for_a_tower_finds_the_same_layers_in_the_whole_model()
    {
        var config = LoraConfig.For(4, 8, ["q_proj", "fc1"], within: "vision_model");

        Assert.True(config.Targets(Layer0));
        Assert.False(config.Targets(Layer0.Replace("vision", "text", StringComparison.Ordinal)));
        Assert.Equal(config.ToJson(), LoraConfig.Parse(System.Text.Encoding.UTF8.GetBytes(config.ToJson()), "again").ToJson());
    }

    private static LoraConfig Parse(string json) => ConfigFile.Parse<LoraConfig>(System.Text.Encoding.UTF8.GetBytes(json), "test");
}
