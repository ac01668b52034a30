using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>GEGLU (Shazeer, arXiv 2002.05202), four times as wide inside.</summary>
internal sealed class FeedForward : Module<Tensor, Tensor>
{
    private const int Expansion = 4;

    // The checkpoint's second entry is a dropout, without parameters and without effect here.
    [ComponentName(Name = "net")] private readonly ModuleList<Module<Tensor, Tensor>> _net;

    public FeedForward(long width)
        : base(nameof(FeedForward))
    {
        _net = new ModuleList<Module<Tensor, Tensor>>(
            new GatedLinear(width, Expansion * width), Identity(), new LinearLayer(Expansion * width, width));
        RegisterComponents();
    }

    /// <param name="input">[B, N, C].</param>
    /// <returns>[B, N, C].</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _net[2].forward(_net[0].forward(input)).MoveToOuterDisposeScope();
    }

    private sealed class GatedLinear : Module<Tensor, Tensor>
    {
        [ComponentName(Name = "proj")] private readonly LinearLayer _projection;

        public GatedLinear(long input, long output)
            : base(nameof(GatedLinear))
        {
            _projection = new LinearLayer(input, 2 * output);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var halves = _projection.forward(input).chunk(2, -1); // value, gate
            return Activation.Product(functional.gelu(halves[1]), halves[0]).MoveToOuterDisposeScope();
        }
    }
}
