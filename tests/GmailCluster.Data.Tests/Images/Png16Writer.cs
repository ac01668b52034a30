using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace GmailCluster.Data.Images;

/// <summary>Writes PNGs of 16 bits a sample for tests: any colour type, each row with another filter, interlaced or not.</summary>
internal static class Png16Writer
{
    private static readonly (int X0, int Y0, int Dx, int Dy)[] Adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public static byte[] Write(int width, int height, byte colourType, bool interlaced, ushort[] samples)
    {
        var channels = samples.Length / (width * height);
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var (x0, y0, dx, dy) in interlaced ? Adam7 : [(0, 0, 1, 1)])
            {
                byte[] above = [];
                for (var (y, filter) = (y0, 0); y < height && x0 < width; y += dy, filter = (filter + 1) % 5)
                {
                    var row = Row(samples, width, channels, y, x0, dx);
                    deflate.WriteByte((byte)filter);
                    deflate.Write(Filter(row, above.Length == 0 ? new byte[row.Length] : above, channels * 2, filter));
                    above = row;
                }
            }
        }

        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (16, colourType, (byte)(interlaced ? 1 : 0));
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, .. Chunk("IHDR", header), .. Chunk("IDAT", data.ToArray()), .. Chunk("IEND", [])];
    }

    private static byte[] Row(ushort[] samples, int width, int channels, int y, int x0, int dx)
    {
        var row = new List<byte>();
        for (var x = x0; x < width; x += dx)
        {
            foreach (var sample in samples.AsSpan(((y * width) + x) * channels, channels))
            {
                row.Add((byte)(sample >> 8));
                row.Add((byte)sample);
            }
        }

        return [.. row];
    }

    private static byte[] Filter(byte[] row, byte[] above, int step, int filter)
    {
        var filtered = new byte[row.Length];
        for (var i = 0; i < row.Length; i++)
        {
            var (a, b, c) = (i < step ? 0 : row[i - step], (int)above[i], i < step ? 0 : above[i - step]);
            var nearest = new[] { a, b, c }.MinBy(value => Math.Abs(a + b - c - value));
            filtered[i] = (byte)(row[i] - new[] { 0, a, b, (a + b) / 2, nearest }[filter]);
        }

        return filtered;
    }

    private static byte[] Chunk(string name, byte[] content)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(name), .. content];
        var (length, crc) = (new byte[4], new byte[4]);
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(crc, Crc32.Of(body));
        return [.. length, .. body, .. crc];
    }
}
