using GmailCluster.Models.Layers;
using GmailCluster.Models.Lora;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace GmailCluster.Models.ClipCap;

/// <summary>
/// CLIP_prefix_caption's <c>TransformerMapper</c> (arXiv 2111.09734, section 3.2): the embedding becomes tokens, learned constants
/// follow, and what a transformer makes of the constants is the prefix.
/// </summary>
// B rows, P embedding width, K tokens from the embedding, L prefix tokens, C the language model's width.
internal sealed class TransformerMapper : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "transformer")] private readonly MapperTransformer _transformer;
    [ComponentName(Name = "linear")] private readonly AdaptableLinear _linear;
    [ComponentName(Name = "prefix_const")] private readonly Parameter _constants;
    private readonly ClipCapConfig _config;

    public TransformerMapper(ClipCapConfig config, long width)
        : base(nameof(TransformerMapper))
    {
        _config = config;
        _transformer = new MapperTransformer(config, width);
        _linear = new AdaptableLinear(config.PrefixSize, config.ClipLength * width);
        _constants = new Parameter(zeros(config.PrefixLength, width));
        RegisterComponents();
    }

    /// <summary>The constants begin as standard normal numbers; linear layers are filled by <see cref="Layer.Initialize"/>.</summary>
    public void InitializeConstants(Generator generator)
    {
        using var noGrad = no_grad();
        _constants.normal_(0, 1, generator);
    }

    /// <summary>From [B, P] to [B, L, C].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (b, c) = (input.shape[0], _constants.shape[1]);
        var image = _linear.forward(input).view(b, _config.ClipLength, c);                           // [B, K, C]
        var tokens = cat([image, _constants.unsqueeze(0).expand(b, _config.PrefixLength, c)], dim: 1); // [B, K + L, C]
        return _transformer.forward(tokens).narrow(1, _config.ClipLength, _config.PrefixLength).MoveToOuterDisposeScope();
    }
}
