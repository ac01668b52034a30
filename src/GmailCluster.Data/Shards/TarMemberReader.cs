using System.Globalization;
using System.Text;
using GmailCluster.Errors;

namespace GmailCluster.Data.Shards;

/// <summary>
/// Reads the regular files of a tar (v7, ustar, pax, GNU long names) one after another. System.Formats.Tar takes a tar cut at a
/// member's end for a whole one and says no offsets; this reader refuses whatever it does not fully understand, with the offset.
/// It allocates no more than the bytes that are there.
/// </summary>
internal sealed class TarMemberReader(Stream stream, string location, long maxMemberBytes)
{
    private const int MaxNameBytes = 1 << 16;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly long _maxMemberBytes = Math.Min(maxMemberBytes, Array.MaxLength);
    private readonly byte[] _block = new byte[TarHeader.Block];
    private long _position;
    private long _next;
    private TarMember _current;

    /// <summary>The next regular file, or null at the end of the archive.</summary>
    public async Task<TarMember?> Next(CancellationToken cancellationToken)
    {
        string? longName = null;
        long? paxSize = null;
        while (true)
        {
            await Skip(_next - _position, cancellationToken).ConfigureAwait(false);
            var offset = _position;
            if (!await ReadHeader(cancellationToken).ConfigureAwait(false))
            {
                await ExpectOnlyZeros(cancellationToken).ConfigureAwait(false);
                return longName is null ? null : throw Refused(offset, "a long name is followed by no member.");
            }

            var (name, size, type) = Parse(offset);
            switch (type)
            {
                case 'x' or 'L':
                    var text = await ReadMeta(offset, size, cancellationToken).ConfigureAwait(false);
                    (longName, paxSize) = type == 'L' ? (Utf8(text, offset).TrimEnd('\0'), paxSize) : Pax(text, offset, longName);
                    break;
                case 'g' or 'K':
                    await ReadMeta(offset, size, cancellationToken).ConfigureAwait(false);
                    break;
                case '5':
                    _next = _position + TarHeader.Padded(size);
                    (longName, paxSize) = (null, null);
                    break;
                case '0' or '7' or '\0' when !(longName ?? name).EndsWith('/'):
                    return _current = Accept(longName ?? name, offset, paxSize ?? size);
                case '\0' or '0':
                    _next = _position; // how v7 tars write a folder
                    (longName, paxSize) = (null, null);
                    break;
                default:
                    throw Refused(offset, $"'{longName ?? name}' is not a plain file (tar type '{type}').");
            }
        }
    }

    /// <summary>The content of the member that <see cref="Next"/> returned last; call it at most once.</summary>
    public Task<byte[]> ReadContent(CancellationToken cancellationToken) =>
        ReadExactly(_current.LengthBytes, _current.HeaderOffset, cancellationToken);

    private TarMember Accept(string name, long offset, long size)
    {
        var plain = name;
        while (plain.StartsWith("./", StringComparison.Ordinal))
        {
            plain = plain[2..];
        }

        if (ShardKey.Danger(plain) is { } danger)
        {
            throw Refused(offset, $"the member name '{Printable(name)}' {danger}.");
        }

        if (size > _maxMemberBytes)
        {
            throw Refused(offset, $"'{plain}' says that it has {size} bytes, over the limit of {_maxMemberBytes}.");
        }

        _next = _position + TarHeader.Padded(size);
        if (stream.CanSeek && _next > stream.Length)
        {
            throw Truncated(offset, $"'{plain}' should reach to byte {_next}, but the file ends at {stream.Length}");
        }

        return new TarMember(plain, offset, _position, size);
    }

    // False at the first of the zero blocks that end an archive.
    private async Task<bool> ReadHeader(CancellationToken cancellationToken)
    {
        var offset = _position;
        var count = await stream.ReadAtLeastAsync(_block, _block.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        _position += count;
        _next = _position;
        if (count == 0)
        {
            throw Truncated(offset, offset == 0 ? "the file is empty" : "the end-of-archive mark is missing");
        }

        if (count < _block.Length)
        {
            throw Truncated(offset, $"a header of 512 bytes is cut after {count}");
        }

        return _block.AsSpan().ContainsAnyExcept((byte)0);
    }

    private (string Name, long Size, char Type) Parse(long offset)
    {
        var (unsigned, signed) = (0L, 0L);
        for (var i = 0; i < _block.Length; i++)
        {
            var b = i is >= 148 and < 156 ? (byte)' ' : _block[i];
            unsigned += b;
            signed += (sbyte)b; // what some old tars summed
        }

        if (TryNumber(148, 8) is not { } sum || (sum != unsigned && sum != signed))
        {
            throw offset == 0 && _block is [0x1f, 0x8b, ..]
                ? Refused(offset, "the file is compressed with gzip.", "Decompress it first: gunzip.")
                : Refused(offset, "this is not a tar header (its checksum is wrong).");
        }

        var name = Utf8(Field(0, 100), offset);
        // GNU's magic is "ustar  ": it keeps other things where POSIX has the prefix.
        if (Field(257, 6).SequenceEqual("ustar"u8) && Field(345, 155) is { Length: > 0 } prefix)
        {
            name = $"{Utf8(prefix, offset)}/{name}";
        }

        var size = TryNumber(124, 12) ?? throw Refused(offset, "the header's size is not a number.");
        return (name, size, (char)_block[156]);
    }

    private ReadOnlySpan<byte> Field(int at, int length)
    {
        var field = _block.AsSpan(at, length);
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    private long? TryNumber(int at, int length)
    {
        var field = _block.AsSpan(at, length);
        var value = 0L;
        if ((field[0] & 0x80) != 0)
        {
            // GNU's base-256, for files over 8 GiB
            for (var i = 0; i < field.Length; i++)
            {
                if (value >> 55 != 0)
                {
                    return null;
                }

                value = (value << 8) | (uint)(i == 0 ? field[0] & 0x7f : field[i]);
            }

            return value;
        }

        foreach (var b in field.Trim(" \0"u8))
        {
            if (b is < (byte)'0' or > (byte)'7')
            {
                return null;
            }

            value = (value * 8) + (b - '0');
        }

        return value;
    }

    private (string? Name, long? Size) Pax(byte[] text, long offset, string? longName)
    {
        var (name, size) = (longName, (long?)null);
        for (var at = 0; at < text.Length;)
        {
            var space = text.AsSpan(at).IndexOf((byte)' ');
            if (space <= 0 || space > 10 || !int.TryParse(text.AsSpan(at, space), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= space + 1 || length > text.Length - at || text[at + length - 1] != '\n')
            {
                throw Refused(offset, "a pax header is malformed.");
            }

            var record = Utf8(text.AsSpan(at + space + 1, length - space - 2), offset);
            var (key, value) = record.Split('=', 2) is [var k, var v] ? (k, v) : throw Refused(offset, "a pax header is malformed.");
            (name, size) = key switch
            {
                "path" => (value, size),
                "size" => (name, long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var s)
                    ? s : throw Refused(offset, "a pax header's size is not a number.")),
                _ when key.StartsWith("GNU.sparse.", StringComparison.Ordinal) => throw Refused(offset, "a sparse file is not supported."),
                _ => (name, size),
            };
            at += length;
        }

        return (name, size);
    }

    private async Task<byte[]> ReadMeta(long offset, long size, CancellationToken cancellationToken)
    {
        if (size > MaxNameBytes)
        {
            throw Refused(offset, $"a header says that it has {size} bytes, over the limit of {MaxNameBytes}.");
        }

        var text = await ReadExactly(size, offset, cancellationToken).ConfigureAwait(false);
        _next = _position + TarHeader.Padded(size) - size;
        return text;
    }

    private async Task<byte[]> ReadExactly(long size, long offset, CancellationToken cancellationToken)
    {
        // A header may lie about the size: from a stream of unknown length, grow with what arrives.
        var content = new byte[stream.CanSeek ? Math.Min(size, stream.Length - _position) : Math.Min(size, 1 << 20)];
        var filled = 0;
        while (true)
        {
            var count = await stream
                .ReadAtLeastAsync(content.AsMemory(filled), content.Length - filled, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
            filled += count;
            _position += count;
            if (filled == size)
            {
                return content;
            }

            if (filled < content.Length || stream.CanSeek)
            {
                throw Truncated(offset, $"a member of {size} bytes is cut after {filled}");
            }

            Array.Resize(ref content, (int)Math.Min(size, content.Length * 2L));
        }
    }

    private async Task Skip(long count, CancellationToken cancellationToken)
    {
        if (stream.CanSeek)
        {
            stream.Seek(count, SeekOrigin.Current); // Accept has compared with the length
            _position += count;
            return;
        }

        var buffer = new byte[Math.Min(count, 1 << 16)];
        while (count > 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw Truncated(_current.HeaderOffset, $"'{_current.Name}' is cut");
            }

            _position += read;
            count -= read;
        }
    }

    private async Task ExpectOnlyZeros(CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 14];
        for (int count; (count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0; _position += count)
        {
            var data = buffer.AsSpan(0, count).IndexOfAnyExcept((byte)0);
            if (data >= 0)
            {
                throw Refused(_position + data, "there is data after the end-of-archive mark.", "Unpack tars that were joined, and pack them as one.");
            }
        }
    }

    private string Utf8(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Refused(offset, "a member's name is not UTF-8.");
        }
    }

    private static string Printable(string name) => new([.. name.Select(c => char.IsControl(c) ? '?' : c)]);

    private InputException Truncated(long offset, string how) =>
        Refused(offset, $"the tar is truncated: {how}.", "Fetch or make the file again.");

    private InputException Refused(long offset, string problem, string remedy = "Make the tar again, with plain files only.") =>
        new(string.Create(CultureInfo.InvariantCulture, $"{location}, offset {offset}"), problem, remedy);
}
