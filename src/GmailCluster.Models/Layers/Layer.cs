using GmailCluster.Models.Lora;
using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

/// <summary>What models do with the layers they are made of.</summary>
internal static class Layer
{
    /// <summary>A model lives until it is disposed, whatever scope it was made in.</summary>
    public static void DetachFromDisposeScope(nn.Module module)
    {
        foreach (var parameter in module.parameters())
        {
            parameter.DetachFromDisposeScope();
        }
    }

    /// <summary>
    /// Fills every linear layer below a module as torch does by default: Kaiming uniform with a = sqrt(5), which is uniform within
    /// 1 / sqrt(inputs), for weights and biases alike; in the order of their names.
    /// </summary>
    public static void Initialize(nn.Module module, Generator generator)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (_, layer) in module.named_modules().OrderBy(m => m.name, StringComparer.Ordinal))
        {
            if (layer is AdaptableLinear linear)
            {
                var bound = 1 / Math.Sqrt(linear.InFeatures);
                linear.Weight.uniform_(-bound, bound, generator);
                linear.Bias?.uniform_(-bound, bound, generator);
            }
        }
    }
}
