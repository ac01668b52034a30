using System.Buffers.Binary;
using System.IO.Compression;
using GmailCluster.Errors;

namespace GmailCluster.Data.Images;

/// <summary>
/// PNG of 16 bits a sample, as Pillow turns it into 8: gray values over 255 become 255 (it reads them as integers and clips), all
/// other kinds keep the high byte. Skia rounds instead, and has lost the low byte by then.
/// </summary>
internal ref struct Png16Decoder
{
    private const string Remedy = "Replace the file, or leave it out.";

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly string _where;
    private readonly AlphaHandling _alpha;
    private readonly int _width;
    private readonly int _height;
    private readonly int _channels;
    private readonly bool _interlaced;

    private Png16Decoder(ReadOnlySpan<byte> bytes, string where, AlphaHandling alpha, long maximumPixels)
    {
        _bytes = bytes;
        _where = where;
        _alpha = alpha;
        var header = bytes[16..];
        var (width, height) = (BinaryPrimitives.ReadUInt32BigEndian(header), BinaryPrimitives.ReadUInt32BigEndian(header[4..]));
        ImageDecoder.Check(width, height, where, maximumPixels);
        (_width, _height) = ((int)width, (int)height);
        _channels = header[9] switch { 0 => 1, 2 => 3, 4 => 2, 6 => 4, _ => throw Damaged("its colour type is none that has 16 bits") };
        _interlaced = header[12] switch { 0 => false, 1 => true, _ => throw Damaged("its interlacing is of no known kind") };
        if (header[10] != 0 || header[11] != 0)
        {
            throw Damaged("its compression or filtering is of no known kind");
        }
    }

    public static bool IsMatch(ReadOnlySpan<byte> bytes) =>
        IsPng(bytes) && bytes[24] == 16;

    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string where, AlphaHandling alpha, long maximumPixels) =>
        new Png16Decoder(bytes, where, alpha, maximumPixels).Decode();

    public static bool IsPng(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 33
        && bytes.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        && bytes.Slice(12, 4).SequenceEqual("IHDR"u8);

    private readonly RgbImage Decode()
    {
        using var packed = new MemoryStream(Collect());
        using var inflated = new ZLibStream(packed, CompressionMode.Decompress);
        var rgb = new byte[_width * _height * 3];
        // Adam7: each pass is a picture of its own, sampled from (x0, y0) at (dx, dy).
        ReadOnlySpan<(int X0, int Y0, int Dx, int Dy)> passes = _interlaced
            ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
            : [(0, 0, 1, 1)];
        foreach (var (x0, y0, dx, dy) in passes)
        {
            var columns = (_width - x0 + dx - 1) / dx;
            if (columns <= 0)
            {
                continue;
            }

            var (row, above) = (new byte[columns * _channels * 2], new byte[columns * _channels * 2]);
            for (var y = y0; y < _height; y += dy)
            {
                ReadRow(inflated, row, above);
                Store(row, rgb.AsSpan(((y * _width) + x0) * 3), dx * 3);
                (row, above) = (above, row);
            }
        }

        return new RgbImage(_width, _height, rgb);
    }

    private readonly byte[] Collect()
    {
        using var data = new MemoryStream();
        for (var at = 8; at + 12 <= _bytes.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(_bytes[at..]);
            if (length > _bytes.Length - at - 12)
            {
                break;
            }

            var chunk = _bytes.Slice(at + 4, (int)length + 4);
            if (BinaryPrimitives.ReadUInt32BigEndian(_bytes[(at + 8 + (int)length)..]) != Crc32.Of(chunk))
            {
                throw Damaged($"the checksum of its chunk at byte {at} does not hold");
            }

            if (chunk.StartsWith("IDAT"u8))
            {
                data.Write(chunk[4..]);
            }
            else if (data.Length > 0)
            {
                break; // the data's chunks follow one another without a gap
            }

            at += 12 + (int)length;
        }

        return data.ToArray();
    }

    private readonly void ReadRow(ZLibStream stream, byte[] row, byte[] above)
    {
        int filter;
        try
        {
            filter = stream.ReadByte();
            stream.ReadExactly(row);
        }
        catch (EndOfStreamException problem)
        {
            throw new InputException(_where, "is cut short: its picture ends before the last row.", Remedy, problem);
        }
        catch (InvalidDataException problem)
        {
            throw new InputException(_where, "is damaged: its compressed data cannot be read.", Remedy, problem);
        }

        var step = _channels * 2;
        for (var i = 0; i < row.Length; i++)
        {
            var (left, up, corner) = (i < step ? 0 : row[i - step], above[i], i < step ? 0 : above[i - step]);
            row[i] += (byte)(filter switch
            {
                0 => 0,
                1 => left,
                2 => up,
                3 => (left + up) / 2,
                4 => Paeth(left, up, corner),
                _ => throw Damaged($"it names the row filter {filter}"),
            });
        }
    }

    private static int Paeth(int left, int up, int corner)
    {
        var (toLeft, toUp, toCorner) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - (2 * corner)));
        return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }

    private readonly void Store(ReadOnlySpan<byte> row, Span<byte> rgb, int step)
    {
        for (int from = 0, to = 0; from < row.Length; from += _channels * 2, to += step)
        {
            var pixel = row[from..];
            var gray = _channels == 1 && pixel[0] != 0 ? (byte)255 : pixel[_channels == 1 ? 1 : 0];
            (rgb[to], rgb[to + 1], rgb[to + 2]) = _channels >= 3 ? (pixel[0], pixel[2], pixel[4]) : (gray, gray, gray);
            if (_alpha == AlphaHandling.OverWhite && _channels % 2 == 0)
            {
                var alpha = pixel[(_channels * 2) - 2];
                foreach (ref var value in rgb.Slice(to, 3))
                {
                    value = AlphaConversion.OverWhite(value, alpha);
                }
            }
        }
    }

    private readonly InputException Damaged(string problem) => new(_where, $"is damaged: {problem}.", Remedy);
}
