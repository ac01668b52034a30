using static TorchSharp.torch;

namespace GmailCluster.Models.Layers;

/// <summary>Dropout by a generator that is named; without one there is none, as in evaluation.</summary>
internal static class KeyedDropout
{
    /// <returns>The input with a share of its entries zeroed and the others scaled up, or the input itself.</returns>
    public static Tensor Apply(Tensor input, double probability, Generator? generator) =>
        generator is null || probability == 0 ? input : input * empty_like(input).bernoulli_(1 - probability, generator).div_(1 - probability);
}
