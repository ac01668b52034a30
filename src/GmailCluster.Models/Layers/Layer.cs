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

    /// <summary>An embedding table of zeros, [rows, width], to be filled.</summary>
    public static Embedding Embedding(long rows, long width)
    {
        // from_pretrained draws nothing, but lists another tensor as its parameter than the one it reads: setting the weight mends
        // that. Other layers take their parameters out of the caller's dispose scope; this one does not.
        var embedding = nn.Embedding_from_pretrained(zeros(rows, width), freeze: false);
        var table = new Parameter(zeros(rows, width));
        table.DetachFromDisposeScope();
        embedding.weight = table;
        return embedding;
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
