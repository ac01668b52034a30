using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers.SentencePiece;

/// <summary>Reads Protocol Buffers' wire format within the bounds it is given; every error names the byte it was found at.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> bytes, long offset, string where)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;
    private int _wireType;

    /// <summary>Advances to the next field; its value must then be read or skipped.</summary>
    public bool TryReadField(out int number)
    {
        number = 0;
        if (_at == _bytes.Length)
        {
            return false;
        }

        var tag = ReadVarint();
        number = (int)Math.Min(tag >> 3, int.MaxValue);
        _wireType = (int)(tag & 7);
        return number > 0 ? true : throw Error("names a field 0");
    }

    public long ReadInteger()
    {
        Expect(0);
        return unchecked((long)ReadVarint());
    }

    public bool ReadBoolean() => ReadInteger() != 0;

    public float ReadFloat()
    {
        Expect(5);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        Expect(2);
        return Take(ReadVarint());
    }

    public string ReadString()
    {
        var start = _at;
        try
        {
            return Strict.GetString(ReadBytes());
        }
        catch (DecoderFallbackException)
        {
            _at = start;
            throw Error("holds text that is not UTF-8");
        }
    }

    public ProtoReader ReadMessage()
    {
        var content = ReadBytes();
        return new ProtoReader(content, offset + _at - content.Length, where);
    }

    public void Skip()
    {
        switch (_wireType)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Take(ReadVarint());
                break;
            case 5:
                Take(4);
                break;
            default:
                throw Error($"uses the wire type {_wireType}");
        }
    }

    public readonly InputException Error(string problem) => new(
        string.Create(CultureInfo.InvariantCulture, $"{where}: byte {offset + _at}"),
        $"{problem}, so this is not a whole SentencePiece model.", "Fetch or export the file again.");

    private readonly void Expect(int wireType)
    {
        if (_wireType != wireType)
        {
            throw Error($"uses the wire type {_wireType} where {wireType} belongs");
        }
    }

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (_at == _bytes.Length)
            {
                throw Error("ends within a number");
            }

            var part = _bytes[_at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Error("holds a number longer than 10 bytes");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        var left = (ulong)(_bytes.Length - _at);
        if (count > left)
        {
            throw Error($"announces {count} bytes and has {left}");
        }

        var taken = _bytes.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }
}
