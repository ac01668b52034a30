using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using GmailCluster.Golden;

namespace GmailCluster.Data.Images;

/// <summary>The reference outputs of transformers' CLIPImageProcessor: <c>name@size</c> tensors and <c>rgb:name</c> pixels.</summary>
internal sealed class ImageReference
{
    private const string PixelPrefix = "rgb:";
    private readonly byte[] _file = File.ReadAllBytes(GoldenFolder.Under("images", "reference.safetensors"));
    private readonly Dictionary<string, (int[] Shape, int Start, int End)> _tensors = [];

    public ImageReference()
    {
        var header = (int)BinaryPrimitives.ReadInt64LittleEndian(_file);
        using var json = JsonDocument.Parse(_file.AsMemory(8, header));
        foreach (var entry in json.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__"))
        {
            int[] Numbers(string key) => [.. entry.Value.GetProperty(key).EnumerateArray().Select(number => number.GetInt32())];
            var offsets = Numbers("data_offsets");
            _tensors[entry.Name] = (Numbers("shape"), 8 + header + offsets[0], 8 + header + offsets[1]);
        }
    }

    public IEnumerable<(string Key, string File, int Size)> Processed => _tensors.Keys.Where(key => key.Contains('@', StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .Select(key => (key, key[..key.LastIndexOf('@')], int.Parse(key[(key.LastIndexOf('@') + 1)..], System.Globalization.CultureInfo.InvariantCulture)));

    public IEnumerable<string> DecodedFiles => _tensors.Keys.Where(key => key.StartsWith(PixelPrefix, StringComparison.Ordinal))
        .Select(key => key[PixelPrefix.Length..]).Order(StringComparer.Ordinal);

    public ReadOnlySpan<float> Pixels(string key) => MemoryMarshal.Cast<byte, float>(_file.AsSpan(_tensors[key].Start.._tensors[key].End));

    public RgbImage? Decoded(string file)
    {
        if (!_tensors.TryGetValue(PixelPrefix + file, out var found))
        {
            return null;
        }

        return new RgbImage(found.Shape[1], found.Shape[0], _file[found.Start..found.End]);
    }

    public static byte[] Bytes(string file) => File.ReadAllBytes(GoldenFolder.Under("images", file));
}
