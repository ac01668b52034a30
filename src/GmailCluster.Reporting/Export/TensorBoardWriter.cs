using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace GmailCluster.Reporting.Export;

/// <summary>
/// Writes scalars as a TensorBoard event file: TFRecords (length, masked CRC-32C, bytes, masked CRC-32C) of Event messages,
/// whose few fields are encoded by hand. Not thread-safe; the stream stays the caller's.
/// </summary>
public sealed class TensorBoardWriter
{
    private readonly Stream _stream;

    /// <summary>Starts a file.</summary>
    /// <param name="stream">Where to; name a file <c>events.out.tfevents.…</c> for TensorBoard to find it.</param>
    /// <param name="time">The wall-clock time of the first event.</param>
    public TensorBoardWriter(Stream stream, DateTimeOffset time)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        Record(Event(time, 0, fieldTag: (3 << 3) | 2, "brain.Event:2"u8));
    }

    /// <summary>Adds one number.</summary>
    /// <param name="tag">The plot's name, with '/' between groups.</param>
    /// <param name="step">The training step.</param>
    /// <param name="value">The number, kept as a float.</param>
    /// <param name="time">When it was measured.</param>
    public void AddScalar(string tag, long step, double value, DateTimeOffset time)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        var single = new byte[5];
        single[0] = (2 << 3) | 5; // Summary.Value.simple_value
        BinaryPrimitives.WriteSingleLittleEndian(single.AsSpan(1), (float)value);
        byte[] entry = [.. Field((1 << 3) | 2, Encoding.UTF8.GetBytes(tag)), .. single]; // Summary.Value.tag
        Record(Event(time, step, fieldTag: (5 << 3) | 2, Field((1 << 3) | 2, entry))); // Event.summary { Summary.value }
    }

    internal static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xA282EAD8u; // TensorFlow masks, so that a CRC of a CRC is no fixed point
    }

    private static byte[] Event(DateTimeOffset time, long step, byte fieldTag, ReadOnlySpan<byte> content)
    {
        var head = new byte[9];
        head[0] = (1 << 3) | 1; // Event.wall_time
        BinaryPrimitives.WriteDoubleLittleEndian(head.AsSpan(1), (time - DateTimeOffset.UnixEpoch).TotalSeconds);
        return [.. head, 2 << 3, .. Varint((ulong)step), .. Field(fieldTag, content)]; // Event.step
    }

    private static byte[] Field(byte tag, ReadOnlySpan<byte> content) => [tag, .. Varint((ulong)content.Length), .. content];

    private static List<byte> Varint(ulong value)
    {
        var bytes = new List<byte>(10);
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return bytes;
    }

    private void Record(byte[] content)
    {
        Span<byte> length = stackalloc byte[12];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(length[8..], MaskedCrc(length[..8]));
        _stream.Write(length);
        _stream.Write(content);
        Span<byte> crc = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(crc, MaskedCrc(content));
        _stream.Write(crc);
    }
}
