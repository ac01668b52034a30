using GmailCluster.Errors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

/// <summary>The activations CLIP checkpoints use, by the name in <c>hidden_act</c>.</summary>
internal static class ClipActivation
{
    public static Func<Tensor, Tensor> Named(string name) => name switch
    {
        "quick_gelu" => QuickGelu,
        "gelu" => nn.functional.gelu,
        _ => throw new InputException("config.json", $"has hidden_act '{name}'.", "CLIP's towers use quick_gelu (OpenAI) or gelu (LAION)."),
    };

    // OpenAI's approximation, clip/model.py.
    private static Tensor QuickGelu(Tensor x) => x * sigmoid(x * 1.702);
}
