using System.Buffers.Binary;
using System.Text.Json;
using GmailCluster.Errors;

namespace GmailCluster.Models.Safetensors;

/// <summary>
/// Reads and checks a header: 8 bytes of little-endian length, then one JSON object from name to dtype, shape and byte range.
/// Everything a file claims is checked against its size before anything is allocated.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const string Remedy = "The file is damaged or was not written by safetensors: download or export it again.";

    private readonly string _where;
    private readonly Dictionary<string, SafetensorsEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string where) => _where = where;

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Where the tensors' bytes begin in the file.</summary>
    public long DataStart { get; private set; }

    public static SafetensorsHeader Read(ByteSource bytes, string where)
    {
        var header = new SafetensorsHeader(where);
        header.ReadAll(bytes);
        return header;
    }

    private void ReadAll(ByteSource bytes)
    {
        const int prefix = SafetensorsFormat.PrefixBytes;
        if (bytes.Length < prefix)
        {
            throw Bad(0, $"is too short: {bytes.Length} bytes, and the length of the header alone takes {prefix}.");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(0, prefix));
        if (length > (ulong)(bytes.Length - prefix))
        {
            throw Bad(0, $"says its header has {length} bytes, but only {bytes.Length - prefix} follow.");
        }

        if (length > SafetensorsFormat.MaxHeaderBytes)
        {
            throw Bad(0, $"has a header of {length} bytes, over the limit of {SafetensorsFormat.MaxHeaderBytes}.");
        }

        DataStart = prefix + (long)length;
        var json = bytes.Slice(prefix, (int)length);
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw Bad(prefix, "has a header that does not begin with '{'.");
        }

        try
        {
            ReadObject(json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: the reader's answer to text that is not UTF-8, or half a surrogate pair.
            var at = error is JsonException j ? $" (line {j.LineNumber + 1}, byte {j.BytePositionInLine} of the header)" : "";
            throw Bad(prefix, $"has a header that is not JSON{at}.", error);
        }

        CheckRanges(bytes.Length - DataStart);
    }

    private void ReadObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        Expect(ref reader, JsonTokenType.StartObject, "the header");
        var hasMetadata = false;
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            var at = Position(reader);
            var name = reader.GetString()!;
            if (name == SafetensorsFormat.MetadataKey)
            {
                if (hasMetadata)
                {
                    throw Bad(at, $"has {SafetensorsFormat.MetadataKey} twice.");
                }

                hasMetadata = true;
                ReadMetadata(ref reader);
                continue;
            }

            var entry = ReadEntry(ref reader, name, at);
            if (!_entries.TryAdd(name, entry))
            {
                throw Bad(at, $"names the tensor '{name}' twice.");
            }
        }

        reader.Read(); // throws on anything but white space after the object
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, SafetensorsFormat.MetadataKey);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            var at = Position(reader);
            var key = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String, $"{SafetensorsFormat.MetadataKey}.{key}");
            if (!_metadata.TryAdd(key, reader.GetString()!))
            {
                throw Bad(at, $"has the metadata key '{key}' twice.");
            }
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, long at)
    {
        Expect(ref reader, JsonTokenType.StartObject, $"'{name}'");
        string? dtype = null;
        List<long>? shape = null, offsets = null;
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            var field = reader.GetString()!;
            var repeated = field switch
            {
                "dtype" => dtype is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => throw Bad(Position(reader), $"has the unknown field '{field}' in '{name}'."),
            };
            if (repeated)
            {
                throw Bad(Position(reader), $"has '{field}' twice in '{name}'.");
            }

            if (field == "dtype")
            {
                Expect(ref reader, JsonTokenType.String, $"'{name}'.dtype");
                dtype = reader.GetString()!;
            }
            else if (field == "shape")
            {
                shape = ReadNumbers(ref reader, $"'{name}'.shape");
            }
            else
            {
                offsets = ReadNumbers(ref reader, $"'{name}'.data_offsets");
            }
        }

        if (dtype is null || shape is null || offsets is not { Count: 2 })
        {
            throw Bad(at, $"has the tensor '{name}' without dtype, shape and two data_offsets.");
        }

        var known = SafetensorsDtype.Find(dtype)
            ?? throw new InputException(
                $"{_where}, byte {at}", $"has the tensor '{name}' of the unknown dtype '{dtype}'.",
                $"These are read: {string.Join(", ", SafetensorsDtype.Names)}. Convert the tensor to one of them.");
        var entry = new SafetensorsEntry(name, known, shape, offsets[0], offsets[1]);
        CheckSize(entry, at);
        return entry;
    }

    private List<long> ReadNumbers(ref Utf8JsonReader reader, string what)
    {
        Expect(ref reader, JsonTokenType.StartArray, what);
        var numbers = new List<long>();
        while (Next(ref reader) != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
            {
                throw Bad(Position(reader), $"has something else than whole numbers from 0 in {what}.");
            }

            numbers.Add(number);
        }

        return numbers;
    }

    private void CheckSize(SafetensorsEntry entry, long at)
    {
        var bytes = (UInt128)entry.Dtype.SizeBytes;
        foreach (var extent in entry.Shape)
        {
            bytes *= (UInt128)extent;
            if (bytes > long.MaxValue)
            {
                // A later 0 would make the product 0 again, but no library can hold such a shape.
                throw Bad(at, $"has the tensor '{entry.Name}' of shape {SafetensorsFormat.ShapeText(entry.Shape)}: its size overflows 64 bits.");
            }
        }

        if (entry.End < entry.Begin || (UInt128)(entry.End - entry.Begin) != bytes)
        {
            throw Bad(
                at, $"has the tensor '{entry.Name}' of {entry.Dtype.Name} {SafetensorsFormat.ShapeText(entry.Shape)}, {bytes} bytes, " +
                $"but data_offsets [{entry.Begin}, {entry.End}].");
        }
    }

    // Tensors must tile the data: no overlap, no hole, nothing after the last.
    private void CheckRanges(long dataLength)
    {
        long end = 0;
        foreach (var entry in _entries.Values.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.End > dataLength)
            {
                throw Bad(
                    DataStart + entry.Begin,
                    $"has the tensor '{entry.Name}' at {entry.Begin}..{entry.End}, outside the {dataLength} bytes of data (a cut-off file?).");
            }

            if (entry.Begin != end)
            {
                var what = entry.Begin < end ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Bad(DataStart + entry.Begin, $"has the tensor '{entry.Name}' at {entry.Begin}..{entry.End}, which {what} (ends at {end}).");
            }

            end = entry.End;
        }

        if (end != dataLength)
        {
            throw Bad(DataStart + end, $"has {dataLength - end} bytes after its last tensor.");
        }
    }

    private static long Position(Utf8JsonReader reader) => SafetensorsFormat.PrefixBytes + reader.TokenStartIndex;

    private static JsonTokenType Next(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
        {
            throw new JsonException("The header ends too early.");
        }

        return reader.TokenType;
    }

    private void Expect(ref Utf8JsonReader reader, JsonTokenType type, string what)
    {
        if (Next(ref reader) != type)
        {
            throw Bad(Position(reader), $"has {reader.TokenType} where {type} belongs, at {what}.");
        }
    }

    private InputException Bad(long at, string problem, Exception? inner = null) => new($"{_where}, byte {at}", problem, Remedy, inner);
}
