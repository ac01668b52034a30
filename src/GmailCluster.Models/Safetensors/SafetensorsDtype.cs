using static TorchSharp.torch;

namespace GmailCluster.Models.Safetensors;

/// <summary>One element type of the format: its name in the header, its size, and the torch type that holds its values.</summary>
/// <param name="Name">As written in the header.</param>
/// <param name="SizeBytes">Bytes of one element.</param>
/// <param name="Torch">The torch type of a loaded tensor.</param>
/// <param name="IsWidened">True where torch here has no such type and values are decoded into a wider one.</param>
public sealed record SafetensorsDtype(string Name, int SizeBytes, ScalarType Torch, bool IsWidened = false)
{
    // In the reference library's order (Dtype in safetensors/src/tensor.rs): a file's tensors are sorted by it, largest first.
    private static readonly SafetensorsDtype[] Ordered =
    [
        new("BOOL", 1, ScalarType.Bool),
        new("U8", 1, ScalarType.Byte),
        new("I8", 1, ScalarType.Int8),
        new("F8_E5M2", 1, ScalarType.Float32, IsWidened: true),
        new("F8_E4M3", 1, ScalarType.Float32, IsWidened: true),
        new("F8_E8M0", 1, ScalarType.Float32, IsWidened: true),
        new("I16", 2, ScalarType.Int16),
        new("U16", 2, ScalarType.Int32, IsWidened: true),
        new("F16", 2, ScalarType.Float16),
        new("BF16", 2, ScalarType.BFloat16),
        new("I32", 4, ScalarType.Int32),
        new("U32", 4, ScalarType.Int64, IsWidened: true),
        new("F32", 4, ScalarType.Float32),
        new("C64", 8, ScalarType.ComplexFloat32),
        new("F64", 8, ScalarType.Float64),
        new("I64", 8, ScalarType.Int64),
        new("U64", 8, ScalarType.Int64, IsWidened: true),
    ];

    /// <summary>Every name that is read, in the format's order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Ordered.Select(d => d.Name)];

    /// <summary>Its place in the order by which a writer sorts tensors, largest first.</summary>
    internal int Rank => Array.IndexOf(Ordered, this);

    internal static SafetensorsDtype? Find(string name) => Array.Find(Ordered, d => d.Name == name);

    /// <summary>The type a tensor is written as, or null when the format has none for it.</summary>
    internal static SafetensorsDtype? Of(ScalarType type) => Array.Find(Ordered, d => d.Torch == type && !d.IsWidened);
}
