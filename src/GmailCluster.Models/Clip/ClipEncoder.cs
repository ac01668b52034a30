using GmailCluster.Errors;
using GmailCluster.Models.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Clip;

/// <summary>A stack of layers, <c>layers.0</c> to <c>layers.L-1</c>.</summary>
internal sealed class ClipEncoder : Module
{
    [ComponentName(Name = "layers")]
    private readonly ModuleList<ClipLayer> _layers;

    public ClipEncoder(ClipLayerSizes sizes)
        : base(nameof(ClipEncoder))
    {
        if (sizes.Heads < 1 || sizes.Width % sizes.Heads != 0)
        {
            throw new InputException("config.json", $"has hidden_size {sizes.Width} and {sizes.Heads} attention heads.", "The heads must share the width evenly.");
        }

        _layers = new ModuleList<ClipLayer>([.. Enumerable.Range(0, sizes.Layers).Select(_ => new ClipLayer(sizes))]);
        RegisterComponents();
    }

    /// <summary>The states before the first layer and after each, [B, T, C] each; those not asked for are let go.</summary>
    public List<Tensor> Run(Tensor input, ClipMask mask, bool keepAll, LayerBoundary? boundary)
    {
        var states = new List<Tensor> { input };
        foreach (var (below, layer) in _layers.Index())
        {
            if (below > 0 && boundary is not null)
            {
                states[^1] = boundary(states[^1], below);
            }

            var next = layer.forward(states[^1], mask);
            if (!keepAll)
            {
                states.Clear();
            }

            states.Add(next);
        }

        return states;
    }
}
