using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>Patches, class token and positions; names as in transformers' <c>CLIPVisionEmbeddings</c>.</summary>
// B batch, N patches, C width.
internal sealed class ClipVisionEmbeddings : Module<Tensor, Tensor>
{
    [ComponentName(Name = "class_embedding")]
    private readonly Parameter _classToken;

    [ComponentName(Name = "patch_embedding")]
    private readonly Conv2d _patch;

    [ComponentName(Name = "position_embedding")]
    private readonly ClipPositions _positions;

    public ClipVisionEmbeddings(ClipVisionConfig config)
        : base(nameof(ClipVisionEmbeddings))
    {
        _classToken = Parameter(zeros(config.HiddenSize));
        _patch = Conv2d(config.NumChannels, config.HiddenSize, config.PatchSize, stride: config.PatchSize, bias: false);
        _positions = new ClipPositions(1 + config.PatchCount, config.HiddenSize);
        RegisterComponents();
    }

    /// <param name="pixels">[B, 3, H, W].</param>
    /// <returns>[B, 1 + N, C].</returns>
    public override Tensor forward(Tensor pixels)
    {
        var patches = _patch.forward(pixels).flatten(2).transpose(1, 2); // [B, N, C]
        var classToken = _classToken.expand(pixels.shape[0], 1, -1);     // [B, 1, C]
        return cat([classToken, patches], 1) + _positions.Weight;                         // [B, 1 + N, C]
    }
}
