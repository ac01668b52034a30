using TorchSharp.Modules;
using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

/// <summary>
/// Layers whose values come from a checkpoint or from a generator that is named: torch's own constructors draw from the
/// process-wide generator, so what they give depends on who else built something before.
/// </summary>
internal static class Layer
{
    /// <summary>A linear layer of zeros, [out, in] and [out], to be filled.</summary>
    public static Linear Linear(long inputs, long outputs, bool bias = true) =>
        nn.Linear(new Parameter(zeros(outputs, inputs)), bias ? new Parameter(zeros(outputs)) : null!);

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
            if (layer is Linear linear)
            {
                var bound = 1 / Math.Sqrt(linear.in_features);
                linear.weight.uniform_(-bound, bound, generator);
                linear.bias?.uniform_(-bound, bound, generator);
            }
        }
    }
}
