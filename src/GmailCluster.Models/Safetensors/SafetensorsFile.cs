using GmailCluster.Errors;
using static TorchSharp.torch;

namespace GmailCluster.Models.Safetensors;

/// <summary>
/// A safetensors file, memory-mapped: opening reads the header, a tensor's bytes are touched when it is loaded, once, straight
/// into the tensor's own memory. A malformed file is refused with the reason and the byte position. Safe to use from several
/// threads until it is disposed.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly ByteSource _bytes;
    private readonly SafetensorsHeader _header;

    private SafetensorsFile(ByteSource bytes, string where)
    {
        _bytes = bytes;
        Where = where;
        try
        {
            _header = SafetensorsHeader.Read(bytes, where);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>The path, or what <see cref="Read"/> was told.</summary>
    public string Where { get; }

    /// <summary>All tensors, by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The header's <c>__metadata__</c>; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Maps a file. Dispose to unmap it; tensors already loaded stay valid.</summary>
    /// <exception cref="InputException">The file cannot be read or is malformed.</exception>
    public static SafetensorsFile Open(string path) => new(ByteSource.Map(path), path);

    /// <summary>Reads a file already in memory, which must not change while this is open.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="where">What to call it in messages.</param>
    public static SafetensorsFile Read(ReadOnlyMemory<byte> bytes, string where) => new(ByteSource.Of(bytes), where);

    /// <summary>
    /// A tensor's bytes in the mapping, without a copy; valid until this is disposed. Little-endian, row-major.
    /// </summary>
    /// <param name="name">The tensor.</param>
    /// <param name="offset">First byte wanted.</param>
    /// <param name="length">How many.</param>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length)
    {
        var entry = Find(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, entry.LengthBytes - length);
        return _bytes.Slice(_header.DataStart + entry.Begin + offset, length);
    }

    /// <summary>A fresh CPU tensor, which belongs to the caller (or the caller's dispose scope).</summary>
    /// <param name="name">Its key.</param>
    /// <param name="dtype">Converts to this type; null keeps the file's.</param>
    public Tensor Load(string name, ScalarType? dtype = null)
    {
        var entry = Find(name);
        using var noGrad = no_grad();
        var tensor = entry.Dtype.IsWidened ? SafetensorsWidening.Load(this, entry) : LoadAsIs(entry);
        if (dtype is null || dtype == tensor.dtype)
        {
            return tensor;
        }

        using (tensor)
        {
            return tensor.to_type(dtype.Value);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _bytes.Dispose();

    private Tensor LoadAsIs(SafetensorsEntry entry)
    {
        var tensor = empty([.. entry.Shape], dtype: entry.Dtype.Torch);
        foreach (var (offset, piece) in SafetensorsFormat.Pieces(tensor, entry.Dtype.SizeBytes))
        {
            var target = piece.bytes;
            Bytes(entry.Name, offset, target.Length).CopyTo(target);
        }

        return tensor;
    }

    private SafetensorsEntry Find(string name) =>
        Entries.TryGetValue(name, out var entry)
            ? entry
            : throw new InputException(Where, $"has no tensor '{name}'.", $"It holds {Entries.Count} tensors; 'gmailcluster inspect' lists them.");
}
