namespace GmailCluster.Models.Safetensors;

/// <summary>One tensor as a file's header describes it.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Extents; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">One past its last byte, counted the same way.</param>
public sealed record SafetensorsEntry(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Bytes it takes in the file.</summary>
    public long LengthBytes => End - Begin;
}
