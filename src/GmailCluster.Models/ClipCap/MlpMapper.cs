using GmailCluster.Models.Lora;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.ClipCap;

/// <summary>CLIP_prefix_caption's <c>MLP</c>: linear layers with tanh between.</summary>
// B rows, P embedding width, L prefix tokens, C the language model's width.
internal sealed class MlpMapper : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "model")] private readonly Sequential _model;
    private readonly long _width;

    /// <param name="sizes">P, widths between, L * C.</param>
    /// <param name="width">C.</param>
    public MlpMapper(IReadOnlyList<long> sizes, long width)
        : base(nameof(MlpMapper))
    {
        _width = width;
        var layers = new List<nn.Module<Tensor, Tensor>>();
        for (var i = 1; i < sizes.Count; i++)
        {
            if (i > 1)
            {
                layers.Add(nn.Tanh());
            }

            layers.Add(new AdaptableLinear(sizes[i - 1], sizes[i]));
        }

        _model = nn.Sequential(layers);
        RegisterComponents();
    }

    /// <summary>CLIPCap's sizes: one layer between, half as wide as what comes out.</summary>
    public static MlpMapper Of(ClipCapConfig config, long width) =>
        new([config.PrefixSize, width * config.PrefixLength / 2, width * config.PrefixLength], width);

    /// <summary>From [B, P] to [B, L, C].</summary>
    public override Tensor forward(Tensor input) => _model.forward(input).view(input.shape[0], -1, _width);
}
