using System.Buffers.Binary;
using System.Text;

namespace GmailCluster.Cli.Tests.Telemetry;

/// <summary>The fields of one Protocol Buffers message, without a schema.</summary>
internal sealed class ProtoReader
{
    private readonly List<(int Number, ulong Value, ReadOnlyMemory<byte> Bytes)> _fields = [];

    public ProtoReader(ReadOnlyMemory<byte> message)
    {
        var at = 0;
        while (at < message.Length)
        {
            var tag = Varint(message.Span, ref at);
            var (number, wire) = ((int)(tag >> 3), tag & 7);
            switch (wire)
            {
                case 0:
                    _fields.Add((number, Varint(message.Span, ref at), default));
                    break;
                case 1:
                    _fields.Add((number, BinaryPrimitives.ReadUInt64LittleEndian(message.Span[at..]), default));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message.Span, ref at);
                    _fields.Add((number, 0, message.Slice(at, length)));
                    at += length;
                    break;
                case 5:
                    _fields.Add((number, BinaryPrimitives.ReadUInt32LittleEndian(message.Span[at..]), default));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {wire} at byte {at}");
            }
        }
    }

    public IEnumerable<ProtoReader> Messages(int number) => _fields.Where(field => field.Number == number).Select(field => new ProtoReader(field.Bytes));

    public ProtoReader Message(int number) => Messages(number).FirstOrDefault() ?? new ProtoReader(default);

    public string Text(int number) => Encoding.UTF8.GetString(_fields.FirstOrDefault(field => field.Number == number).Bytes.Span);

    public string Hex(int number) => Convert.ToHexStringLower(_fields.FirstOrDefault(field => field.Number == number).Bytes.Span);

    public ulong Number(int number) => _fields.FirstOrDefault(field => field.Number == number).Value;

    public bool Has(int number) => _fields.Any(field => field.Number == number);

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
