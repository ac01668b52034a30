using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>What the blocks of a UNet are made of.</summary>
internal static class UNetParts
{
    public static long TimeWidth(UNet2DConditionConfig config) => 4L * config.BlockOutChannels[0];

    public static ResnetBlock Resnet(UNet2DConditionConfig config, long input, long output) =>
        new(input, output, TimeWidth(config), config.NormNumGroups, config.NormEps);

    public static SpatialTransformer Transformer(UNet2DConditionConfig config, int index, long layers) => new(
        config.BlockOutChannels[index], config.CrossAttentionDim[index], config.Heads[index], layers, config.NormNumGroups, config.UseLinearProjection);

    /// <summary>The time of each row, when each has its own.</summary>
    public static Tensor TimeFor(Tensor time, Tensor hidden) => time.shape[0] == 1 ? time : BatchRows.Repeat(time, hidden.shape[0]);
}
