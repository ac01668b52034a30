using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Diffusion.Layers;

/// <summary>
/// Operations on a tensor that nobody else holds. Without gradients they write over it: maps are large, and fresh memory for each
/// operation costs more than the operation.
/// </summary>
internal static class Activation
{
    /// <summary>x sigmoid(x).</summary>
    public static Tensor SiLUOf(Tensor own) => functional.silu(own, inplace: !is_grad_enabled());

    public static Tensor Sum(Tensor own, Tensor other) => is_grad_enabled() ? own + other : own.add_(other);

    public static Tensor Product(Tensor own, Tensor other) => is_grad_enabled() ? own * other : own.mul_(other);
}
