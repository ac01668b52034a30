using GmailCluster.Models.Clip;
using static TorchSharp.torch;

namespace GmailCluster.Bench.Cases;

/// <summary>Random pictures and texts of full length for a CLIP.</summary>
internal static class ClipInputs
{
    public static (Tensor Pixels, Tensor Ids) Of(ClipConfig config, int batch, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var (vision, text) = (config.VisionConfig, config.TextConfig);
        var pixels = randn([batch, 3, vision.ImageSize, vision.ImageSize], generator: generator);
        var ids = randint(0, text.VocabSize - 2, [batch, text.MaxPositionEmbeddings], ScalarType.Int64, generator: generator);
        ids.select(1, text.MaxPositionEmbeddings - 1).fill_(text.EosTokenId ?? text.VocabSize - 1);
        return (pixels.DetachFromDisposeScope(), ids.DetachFromDisposeScope());
    }
}
