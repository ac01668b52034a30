using GmailCluster.Errors;

namespace GmailCluster.Models.Diffusion;

/// <summary>
/// What of diffusers' AutoencoderKL config describes the autoencoders of Stable Diffusion 1.x and 2.x; a field that asks for anything else
/// is refused by name.
/// </summary>
internal sealed record AutoencoderKLConfig
{
    public required int InChannels { get; init; }

    public required int OutChannels { get; init; }

    public required int[] BlockOutChannels { get; init; }

    public required int LayersPerBlock { get; init; }

    public required int LatentChannels { get; init; }

    public required int NormNumGroups { get; init; }

    public required double ScalingFactor { get; init; }

    public required bool UseQuantConv { get; init; }

    public required bool UsePostQuantConv { get; init; }

    public required bool MidBlockAddAttention { get; init; }

    /// <exception cref="InputException">The file is missing or malformed, or asks for what is not supported.</exception>
    public static AutoencoderKLConfig Load(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var fields = new ConfigFields(
            PythonJson.ReadObject(path), path, "Take an autoencoder of Stable Diffusion 1.x or 2.x, as diffusers writes it.");
        var channels = fields.IntList("block_out_channels", 64);
        foreach (var (key, word) in (ReadOnlySpan<(string, string)>)[("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")])
        {
            if (fields.Words(key, [word], word).Length != channels.Length)
            {
                throw fields.Refuse(key, $"must have as many entries as block_out_channels, {channels.Length}");
            }
        }

        var config = new AutoencoderKLConfig
        {
            InChannels = fields.Int("in_channels", 3, 1),
            OutChannels = fields.Int("out_channels", 3, 1),
            BlockOutChannels = channels,
            LayersPerBlock = fields.Int("layers_per_block", 1, 1),
            LatentChannels = fields.Int("latent_channels", 4, 1),
            NormNumGroups = fields.Int("norm_num_groups", 32, 1),
            ScalingFactor = fields.Number("scaling_factor", 0.18215),
            UseQuantConv = fields.Flag("use_quant_conv", true),
            UsePostQuantConv = fields.Flag("use_post_quant_conv", true),
            MidBlockAddAttention = fields.Flag("mid_block_add_attention", true),
        };
        fields.Word("act_fn", "silu", "silu", "swish");
        foreach (var unsupported in (string[])["shift_factor", "latents_mean", "latents_std"])
        {
            fields.RefuseIfSet(unsupported);
        }

        // Of use for tiling and for half precision only.
        fields.PassOver("sample_size", "force_upcast");
        fields.RefuseUnknown(new HashSet<string>());
        return Array.Find(channels, c => c % config.NormNumGroups != 0) is var odd and not 0
            ? throw fields.Refuse("norm_num_groups", $"does not divide {odd} of block_out_channels")
            : config;
    }
}
