using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace GmailCluster.Models.Safetensors;

/// <summary>What reader and writer agree on.</summary>
internal static class SafetensorsFormat
{
    public const string MetadataKey = "__metadata__";

    /// <summary>The length field in front of the header.</summary>
    public const int PrefixBytes = 8;

    /// <summary>The reference library's own limit, so that what we accept is what it accepts.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    /// <summary>A span holds 2 GiB; larger tensors are copied in pieces of this many bytes.</summary>
    public const int PieceBytes = 1 << 30;

    public static string ShapeText(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>The memory of a contiguous CPU tensor, in pieces a span can hold.</summary>
    public static IEnumerable<(long Offset, Tensor Piece)> Pieces(Tensor contiguous, int elementBytes)
    {
        var count = contiguous.numel();
        var step = PieceBytes / elementBytes;
        using var flat = contiguous.view(-1);
        for (long at = 0; at < count; at += step)
        {
            using var piece = flat.narrow(0, at, Math.Min(step, count - at));
            yield return (at * elementBytes, piece);
        }
    }

    public static unsafe ReadOnlySpan<byte> Span(nint address, int length) => new((void*)address, length);

    public static ReadOnlySpan<T> Cast<T>(ReadOnlySpan<byte> bytes)
        where T : struct => MemoryMarshal.Cast<byte, T>(bytes);
}
