using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>diffusers' ResnetBlock2D: two normalised 3x3 convolutions beside a shortcut, shifted in between by the time.</summary>
// B batch, C in, D out, h, w map, E time embedding.
internal sealed class ResnetBlock : Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly GroupNormLayer _norm1;
    [ComponentName(Name = "conv1")] private readonly ConvLayer _conv1;
    [ComponentName(Name = "time_emb_proj")] private readonly LinearLayer? _time;
    [ComponentName(Name = "norm2")] private readonly GroupNormLayer _norm2;
    [ComponentName(Name = "conv2")] private readonly ConvLayer _conv2;
    [ComponentName(Name = "conv_shortcut")] private readonly LinearLayer? _shortcut;

    public ResnetBlock(long input, long output, long? timeWidth, long groups, double epsilon)
        : base(nameof(ResnetBlock))
    {
        _norm1 = new GroupNormLayer(groups, input, epsilon);
        _conv1 = new ConvLayer(input, output, 3);
        _time = timeWidth is { } width ? new LinearLayer(width, output) : null;
        _norm2 = new GroupNormLayer(groups, output, epsilon);
        _conv2 = new ConvLayer(output, output, 3);
        _shortcut = input == output ? null : new LinearLayer(input, output, isConvolution: true);
        RegisterComponents();
    }

    /// <param name="input">[B, C, h, w].</param>
    /// <param name="time">SiLU of the time embedding, [B, E] or [1, E]; null where the block knows no time.</param>
    /// <returns>[B, D, h, w].</returns>
    public override Tensor forward(Tensor input, Tensor? time)
    {
        using var scope = NewDisposeScope();
        var hidden = FirstConvolution(_norm1.WithSiLU(input), time);           // [B, D, h, w]
        hidden = _conv2.forward(_norm2.WithSiLU(hidden));                      // [B, D, h, w]
        return Activation.Sum(hidden, _shortcut?.OverMap(input) ?? input).MoveToOuterDisposeScope();
    }

    private Tensor FirstConvolution(Tensor hidden, Tensor? time)
    {
        if (_time is null || time is null)
        {
            return _conv1.forward(hidden);
        }

        var shift = _time.forward(time);                                       // [B or 1, D]
        return shift.shape[0] == 1
            ? _conv1.Forward(hidden, shift[0])
            : Activation.Sum(_conv1.forward(hidden), shift[.., .., TensorIndex.None, TensorIndex.None]);
    }
}
