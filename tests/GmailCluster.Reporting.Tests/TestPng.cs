using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace GmailCluster.Reporting.Tests;

/// <summary>Small drawings as PNG, made here so that tests need neither files nor an image library.</summary>
internal static class TestPng
{
    /// <summary>A coloured blob on white: <paramref name="shape"/> bends its outline.</summary>
    public static byte[] Blob(int shape, bool sketchy)
    {
        const int Size = 64;
        var rows = new byte[Size * ((3 * Size) + 1)];
        byte[] colour = [(byte)(40 + (shape * 67 % 200)), (byte)(60 + (shape * 41 % 170)), (byte)(50 + (shape * 97 % 190))];
        for (var y = 0; y < Size; y++)
        {
            for (var x = 0; x < Size; x++)
            {
                var (dx, dy) = (x - 31.5, y - 31.5);
                var radius = 20 + ((3 + (shape % 5)) * Math.Cos((2 + (shape % 4)) * Math.Atan2(dy, dx)));
                var distance = Math.Sqrt((dx * dx) + (dy * dy));
                var at = (y * ((3 * Size) + 1)) + 1 + (3 * x);
                for (var channel = 0; channel < 3; channel++)
                {
                    rows[at + channel] = distance > radius ? (byte)255
                        : sketchy && distance > radius - 3 ? (byte)30
                        : (byte)Math.Min(255, colour[channel] + (sketchy ? 45 : (int)(30 * dy / 32)));
                }
            }
        }

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Size);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Size);
        (header[8], header[9]) = (8, 2); // 8 bits, RGB
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header), .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string name, byte[] content)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(name), .. content];
        var crc = 0xFFFFFFFFu;
        foreach (var value in named)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
            }
        }

        var length = new byte[4];
        var check = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(check, ~crc);
        return [.. length, .. named, .. check];
    }
}
