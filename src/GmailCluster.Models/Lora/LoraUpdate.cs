using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Lora;

/// <summary>The low-rank update of one layer: scaling * B A (LoRA, arXiv 2106.09685, section 4.1).</summary>
/// <param name="A">[r, I].</param>
/// <param name="B">[O, r].</param>
/// <param name="Scaling">alpha / r, or alpha / sqrt(r) for rank-stabilised adapters.</param>
internal sealed record LoraUpdate(Parameter A, Parameter B, double Scaling)
{
    /// <param name="input">[..., I].</param>
    /// <returns>[..., O].</returns>
    public Tensor Apply(Tensor input) => functional.linear(functional.linear(input, A), B) * Scaling;

    /// <returns>What a merge adds to the weight, [O, I].</returns>
    public Tensor Delta() => B.mm(A) * Scaling;
}
