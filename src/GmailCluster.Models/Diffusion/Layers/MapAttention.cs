using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>Attention of a map's places to each other, one head, beside a shortcut.</summary>
// B images, C channels, h, w map.
internal sealed class MapAttention : Module<Tensor, Tensor>
{
    [ComponentName(Name = "group_norm")] private readonly GroupNormLayer _norm;
    [ComponentName(Name = "to_q")] private readonly LinearLayer _query;
    [ComponentName(Name = "to_k")] private readonly LinearLayer _key;
    [ComponentName(Name = "to_v")] private readonly LinearLayer _value;
    [ComponentName(Name = "to_out")] private readonly ModuleList<LinearLayer> _output;

    public MapAttention(long channels, long groups)
        : base(nameof(MapAttention))
    {
        _norm = new GroupNormLayer(groups, channels, AutoencoderBlock.Epsilon);
        _query = new LinearLayer(channels, channels);
        _key = new LinearLayer(channels, channels);
        _value = new LinearLayer(channels, channels);
        _output = new([new LinearLayer(channels, channels)]);
        RegisterComponents();
    }

    /// <param name="input">[B, C, h, w].</param>
    /// <returns>[B, C, h, w].</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (b, c, h, w) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3]);
        var tokens = _norm.forward(input).permute(0, 2, 3, 1).reshape(b, h * w, c);                     // [B, hw, C]
        Tensor OneHead(LinearLayer layer) => layer.forward(tokens).unsqueeze(1);                        // [B, 1, hw, C]
        var mixed = functional.scaled_dot_product_attention(OneHead(_query), OneHead(_key), OneHead(_value)).squeeze(1);
        var output = _output[0].forward(mixed).view(b, h, w, c).permute(0, 3, 1, 2);                    // [B, C, h, w]
        return Activation.Sum(output, input).MoveToOuterDisposeScope();
    }
}
