using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using GmailCluster.Errors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Safetensors;

/// <summary>
/// Writes safetensors, byte for byte as the Python library does: tensors by dtype (largest first), then by name; the header padded
/// with blanks to a multiple of eight. Same tensors, same bytes.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>Writes a file: beside the target first, then renamed over it, so that no reader ever sees half of one.</summary>
    /// <param name="path">The file; its folder is created.</param>
    /// <param name="tensors">Names and values, any device, any stride. Not disposed.</param>
    /// <param name="metadata">Free text, such as <c>format</c> = <c>pt</c>, which transformers asks for.</param>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var temporary = $"{full}.{Guid.NewGuid():n}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                Write(stream, tensors, metadata);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes to a stream, which stays open.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string}?)"/>
    public static void Write(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        var ordered = tensors
            .Select(t => (Name: t.Key, Key: Encoding.UTF8.GetBytes(t.Key), Tensor: t.Value, Dtype: DtypeOf(t.Key, t.Value)))
            .OrderByDescending(t => t.Dtype.Rank)
            .ThenBy(t => t.Key, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))
            .ToList();

        var header = Header(ordered.Select(t => (t.Name, t.Dtype, t.Tensor.shape)), metadata);
        Span<byte> length = stackalloc byte[SafetensorsFormat.PrefixBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, _, tensor, dtype) in ordered)
        {
            WriteValues(stream, tensor, dtype.SizeBytes);
        }
    }

    private static SafetensorsDtype DtypeOf(string name, Tensor tensor) =>
        SafetensorsDtype.Of(tensor.dtype)
        ?? throw new GmailClusterException(name, $"has the type {tensor.dtype}, which safetensors cannot hold.", "Convert the tensor first.");

    private static byte[] Header(IEnumerable<(string Name, SafetensorsDtype Dtype, long[] Shape)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var text = new StringBuilder("{");
        var separator = "";
        if (metadata is { Count: > 0 })
        {
            text.Append('"').Append(SafetensorsFormat.MetadataKey).Append("\":{");
            text.AppendJoin(',', metadata.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{Quote(m.Key)}:{Quote(m.Value)}"));
            text.Append('}');
            separator = ",";
        }

        var names = new HashSet<string>(StringComparer.Ordinal) { SafetensorsFormat.MetadataKey };
        long offset = 0;
        foreach (var (name, dtype, shape) in tensors)
        {
            if (!names.Add(name))
            {
                throw new GmailClusterException(name, "is a name given twice, or reserved.", "Give every tensor a name of its own.");
            }

            var end = offset + (shape.Aggregate(1L, (a, b) => a * b) * dtype.SizeBytes);
            text.Append(separator).Append(
                CultureInfo.InvariantCulture,
                $"{Quote(name)}:{{\"dtype\":\"{dtype.Name}\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{offset},{end}]}}");
            (offset, separator) = (end, ",");
        }

        text.Append('}');
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        var padded = new byte[(bytes.Length + 7) / 8 * 8];
        padded.AsSpan().Fill((byte)' ');
        bytes.CopyTo(padded, 0);
        return padded;
    }

    // serde_json's escapes, so that the bytes are the Python library's; System.Text.Json escapes more.
    private static string Quote(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        return text.Append('"').ToString();
    }

    private static void WriteValues(Stream stream, Tensor tensor, int elementBytes)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var plain = tensor.detach().cpu().contiguous();
        foreach (var (_, piece) in SafetensorsFormat.Pieces(plain, elementBytes))
        {
            stream.Write(piece.bytes);
        }
    }
}
