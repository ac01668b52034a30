using System.Runtime.InteropServices;
using GmailCluster.Models.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace GmailCluster.Golden;

/// <summary>What the language models' references have in common.</summary>
internal static class LanguageModelReference
{
    public static long[] Ids(Tensor ids) => MemoryMarshal.Cast<byte, long>(ids.cpu().contiguous().bytes).ToArray();

    /// <summary>Compares the gradients a reference holds with those of a loss; every reference gradient must have its parameter.</summary>
    /// <param name="reference">Holds <c>grad.NAME</c>.</param>
    /// <param name="loss">A scalar.</param>
    /// <param name="parameters">The module's, by name.</param>
    /// <param name="rename">From a reference's name to the module's.</param>
    /// <param name="relayout">From the module's layout to the reference's.</param>
    public static void AssertGradients(
        SafetensorsFile reference, Tensor loss, IEnumerable<(string Name, Parameter Parameter)> parameters,
        Func<string, string>? rename = null, Func<string, Tensor, Tensor>? relayout = null)
    {
        using var scope = NewDisposeScope();
        var places = parameters.ToDictionary(p => p.Name, p => p.Parameter);
        var expected = reference.Entries.Keys.Where(k => k.StartsWith("grad.", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        Assert.NotEmpty(expected);

        var inputs = expected.Select(key => rename?.Invoke(key[5..]) ?? key[5..]).Select(name =>
        {
            Assert.True(places.ContainsKey(name), $"There is no parameter '{name}'.");
            return (Tensor)places[name];
        }).ToArray();
        var gradients = autograd.grad([loss], inputs);
        foreach (var (i, key) in expected.Index())
        {
            if (key.Contains(".vision_tower.", StringComparison.Ordinal) && key.EndsWith(".k_proj.bias", StringComparison.Ordinal))
            {
                // Softmax does not see a constant added to all keys: this gradient is zero, and both libraries give rounding noise.
                var scale = reference.Load(key.Replace(".bias", ".weight", StringComparison.Ordinal)).abs().max().item<float>();
                Assert.InRange(gradients[i].abs().max().item<float>(), 0, 1e-4 * scale);
                continue;
            }

            Goldens.AssertClose(reference.Load(key), relayout?.Invoke(key[5..], gradients[i]) ?? gradients[i], what: key);
        }
    }
}
