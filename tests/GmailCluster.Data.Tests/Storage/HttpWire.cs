using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>Reads HTTP/1.1 messages off a connection, byte for byte as they came.</summary>
internal sealed partial class HttpWire(Stream stream)
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    /// <summary>A message's head with its empty line; null when the connection has ended.</summary>
    public async Task<string?> ReadHead(CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        while (true)
        {
            var line = await ReadLine(cancellationToken);
            if (line.Length == 0)
            {
                return null;
            }

            head.Append(line);
            if (line == "\r\n")
            {
                return head.ToString();
            }
        }
    }

    /// <summary>The body that a head announces, chunks with their sizes.</summary>
    public async Task<byte[]> ReadBody(string head, CancellationToken cancellationToken)
    {
        if (Length().Match(head) is { Success: true } length)
        {
            return await ReadBytes(int.Parse(length.Groups[1].ValueSpan, CultureInfo.InvariantCulture), cancellationToken);
        }

        var body = new List<byte>();
        while (head.Contains("transfer-encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            var line = await ReadLine(cancellationToken);
            var size = int.Parse(line.AsSpan().Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.AddRange(Encoding.Latin1.GetBytes(line));
            body.AddRange(await ReadBytes(size + 2, cancellationToken));
            if (size == 0)
            {
                break;
            }
        }

        return [.. body];
    }

    public async Task Write(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => await stream.WriteAsync(bytes, cancellationToken);

    private async Task<string> ReadLine(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (await Fill(cancellationToken))
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            var count = end < 0 ? _end - _start : end + 1;
            line.Append(Encoding.Latin1.GetString(_buffer, _start, count));
            _start += count;
            if (end >= 0)
            {
                break;
            }
        }

        return line.ToString();
    }

    private async Task<byte[]> ReadBytes(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            if (!await Fill(cancellationToken))
            {
                throw new IOException("The connection ended in the middle of a message.");
            }

            var piece = Math.Min(count - done, _end - _start);
            _buffer.AsSpan(_start, piece).CopyTo(bytes.AsSpan(done));
            _start += piece;
            done += piece;
        }

        return bytes;
    }

    private async Task<bool> Fill(CancellationToken cancellationToken)
    {
        if (_start == _end)
        {
            (_start, _end) = (0, await stream.ReadAsync(_buffer, cancellationToken));
        }

        return _end > _start;
    }

    [GeneratedRegex(@"^content-length:\s*([0-9]+)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex Length();
}
