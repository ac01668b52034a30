using GmailCluster.Errors;

namespace GmailCluster.Models.Diffusion;

/// <summary>
/// What of diffusers' UNet2DConditionModel config describes Stable Diffusion 1.x and 2.x; a field that asks for anything else is
/// refused by name.
/// </summary>
internal sealed record UNet2DConditionConfig
{
    private const string CrossDown = "CrossAttnDownBlock2D";
    private const string CrossUp = "CrossAttnUpBlock2D";

    /// <summary>Height and width of the latents it was trained on.</summary>
    public required (int Height, int Width) SampleSize { get; init; }

    public required int InChannels { get; init; }

    public required int OutChannels { get; init; }

    public required bool FlipSinToCos { get; init; }

    public required double FreqShift { get; init; }

    public required int[] BlockOutChannels { get; init; }

    /// <summary>Whether the down block attends to the text, for each.</summary>
    public required bool[] DownAttention { get; init; }

    /// <summary>Whether the up block attends to the text, for each, from the coarsest on.</summary>
    public required bool[] UpAttention { get; init; }

    public required bool HasMidBlock { get; init; }

    public required int[] LayersPerBlock { get; init; }

    public required int[] TransformerLayers { get; init; }

    /// <summary>Of the up blocks, from the coarsest on.</summary>
    public required int[] UpTransformerLayers { get; init; }

    /// <summary>Heads, for each block. The file calls them attention_head_dim: a misnomer that diffusers keeps for old checkpoints.</summary>
    public required int[] Heads { get; init; }

    public required int[] CrossAttentionDim { get; init; }

    public required bool UseLinearProjection { get; init; }

    public required int NormNumGroups { get; init; }

    public required double NormEps { get; init; }

    public required int DownsamplePadding { get; init; }

    public required int ConvInKernel { get; init; }

    public required int ConvOutKernel { get; init; }

    /// <exception cref="InputException">The file is missing or malformed, or asks for what is not supported.</exception>
    public static UNet2DConditionConfig Load(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        return Read(new ConfigFields(PythonJson.ReadObject(path), path, "Take a UNet of Stable Diffusion 1.x or 2.x, as diffusers writes it."));
    }

    private static UNet2DConditionConfig Read(ConfigFields fields)
    {
        var channels = fields.IntList("block_out_channels", 320, 640, 1280, 1280);
        var count = channels.Length;
        var down = fields.Words("down_block_types", [CrossDown, CrossDown, CrossDown, "DownBlock2D"], CrossDown, "DownBlock2D");
        var up = fields.Words("up_block_types", ["UpBlock2D", CrossUp, CrossUp, CrossUp], CrossUp, "UpBlock2D");
        if (down.Length != count)
        {
            throw fields.Refuse("down_block_types", $"must have as many entries as block_out_channels, {count}");
        }

        if (up.Length != count)
        {
            throw fields.Refuse("up_block_types", $"must have as many entries as block_out_channels, {count}");
        }

        var transformer = fields.Ints("transformer_layers_per_block", 1, count);
        int[] upTransformer = fields.IsNull("reverse_transformer_layers_per_block")
            ? [.. transformer.Reverse()]
            : fields.Ints("reverse_transformer_layers_per_block", 1, count);
        var size = fields.IsList("sample_size") ? fields.Ints("sample_size", 64, 2) : [.. Enumerable.Repeat(fields.Int("sample_size", 64, 1), 2)];
        var config = new UNet2DConditionConfig
        {
            SampleSize = (size[0], size[1]),
            InChannels = fields.Int("in_channels", 4, 1),
            OutChannels = fields.Int("out_channels", 4, 1),
            FlipSinToCos = fields.Flag("flip_sin_to_cos", true),
            FreqShift = fields.Number("freq_shift", 0),
            BlockOutChannels = channels,
            DownAttention = [.. down.Select(t => t == CrossDown)],
            UpAttention = [.. up.Select(t => t == CrossUp)],
            HasMidBlock = !fields.IsExplicitNull("mid_block_type") && fields.Word("mid_block_type", "UNetMidBlock2DCrossAttn", "UNetMidBlock2DCrossAttn").Length > 0,
            LayersPerBlock = fields.Ints("layers_per_block", 2, count),
            TransformerLayers = transformer,
            UpTransformerLayers = upTransformer,
            Heads = fields.Ints("attention_head_dim", 8, count),
            CrossAttentionDim = fields.Ints("cross_attention_dim", 1280, count),
            UseLinearProjection = fields.Flag("use_linear_projection", false),
            NormNumGroups = fields.Int("norm_num_groups", 32, 1),
            NormEps = fields.Number("norm_eps", 1e-5),
            DownsamplePadding = fields.Int("downsample_padding", 1, 0),
            ConvInKernel = fields.Int("conv_in_kernel", 3, 1),
            ConvOutKernel = fields.Int("conv_out_kernel", 3, 1),
        };
        fields.Word("act_fn", "silu", "silu", "swish");
        fields.Word("resnet_time_scale_shift", "default", "default");
        fields.Word("time_embedding_type", "positional", "positional");
        fields.Word("attention_type", "default", "default");
        foreach (var unsupported in (string[])[
            "addition_embed_type", "addition_time_embed_dim", "center_input_sample", "class_embed_type", "class_embeddings_concat", "cross_attention_norm",
            "dual_cross_attention", "encoder_hid_dim", "encoder_hid_dim_type", "mid_block_only_cross_attention", "num_attention_heads",
            "num_class_embeds", "only_cross_attention", "projection_class_embeddings_input_dim", "resnet_skip_time_act", "time_cond_proj_dim",
            "time_embedding_act_fn", "time_embedding_dim", "timestep_post_act"])
        {
            fields.RefuseIfSet(unsupported);
        }

        fields.RefuseIfSet("mid_block_scale_factor", neutral: 1);
        fields.RefuseIfSet("resnet_out_scale_factor", neutral: 1);
        // Dropout does nothing outside of training; attention is computed in fp32 anyway; the last belongs to an embedding refused above.
        fields.PassOver("dropout", "upcast_attention", "addition_embed_type_num_heads");
        fields.RefuseUnknown(new HashSet<string>());
        config.Check(fields);
        return config;
    }

    private void Check(ConfigFields fields)
    {
        for (var i = 0; i < BlockOutChannels.Length; i++)
        {
            if (BlockOutChannels[i] % NormNumGroups != 0)
            {
                throw fields.Refuse("norm_num_groups", $"does not divide block_out_channels[{i}] = {BlockOutChannels[i]}");
            }

            if (BlockOutChannels[i] % Heads[i] != 0)
            {
                throw fields.Refuse("attention_head_dim", $"does not divide block_out_channels[{i}] = {BlockOutChannels[i]} (it counts heads)");
            }
        }
    }
}
