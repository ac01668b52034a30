using GmailCluster.Errors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

/// <summary>Activations by the names that configs give them (transformers' <c>ACT2FN</c>).</summary>
internal static class Activation
{
    /// <param name="name">The config's value.</param>
    /// <param name="key">The config's key, for messages.</param>
    /// <exception cref="InputException">It is none of those we know.</exception>
    public static Func<Tensor, Tensor> Named(string name, string key) => name switch
    {
        "gelu" => nn.functional.gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => x => nn.functional.gelu(x, GELU.Approximate.tanh),
        "quick_gelu" => x => x * (x * 1.702).sigmoid(),
        "relu" => x => nn.functional.relu(x),
        "silu" or "swish" => x => nn.functional.silu(x),
        "tanh" => tanh,
        _ => throw new InputException(
            key, $"is '{name}', an activation that is not supported.", "Supported: gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, quick_gelu, relu, silu, swish, tanh."),
    };
}
