using static TorchSharp.torch;

namespace GmailCluster.Models.Checkpoints;

/// <summary>Shape checks at public doors.</summary>
internal static class Shapes
{
    /// <summary>Requires a shape; null stands for any extent.</summary>
    public static void Require(Tensor tensor, string name, params ReadOnlySpan<long?> expected)
    {
        var shape = tensor.shape;
        var matches = shape.Length == expected.Length;
        for (var i = 0; matches && i < shape.Length; i++)
        {
            matches = expected[i] is null || expected[i] == shape[i];
        }

        if (!matches)
        {
            var wanted = string.Join(", ", expected.ToArray().Select(e => e?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "any"));
            throw new ArgumentException($"{name}: expected [{wanted}], got [{string.Join(", ", shape)}].", name);
        }
    }
}
