using static TorchSharp.torch;

namespace GmailCluster.Bench;

/// <summary>Weights that cost what trained ones cost: only the time of a benchmark counts.</summary>
internal static class RandomWeights
{
    /// <summary>Matrices and kernels from N(0, 0.02), gains 1, biases 0.</summary>
    public static T Fill<T>(T module)
        where T : nn.Module
    {
        using var noGrad = no_grad();
        using var generator = new Generator(0);
        foreach (var (name, parameter) in module.named_parameters())
        {
            if (parameter.dim() > 1)
            {
                parameter.normal_(0, 0.02, generator);
            }
            else
            {
                parameter.fill_(name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
            }
        }

        return module;
    }
}
