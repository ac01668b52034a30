using System.Runtime.InteropServices;

namespace GmailCluster.Data.Features;

/// <summary>The little-endian bytes of an array, read without a copy of it; the array may be longer than a byte span can be.</summary>
internal sealed class FloatStream(float[] values) : Stream
{
    private const int Slice = 1 << 20;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => (long)values.Length * sizeof(float);

    public override long Position { get; set; }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (Position >= Length)
        {
            return 0;
        }

        var first = (int)(Position / sizeof(float));
        var bytes = MemoryMarshal.AsBytes(values.AsSpan(first, Math.Min(Slice, values.Length - first)))[(int)(Position % sizeof(float))..];
        var count = Math.Min(buffer.Length, bytes.Length);
        bytes[..count].CopyTo(buffer);
        Position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer, offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => Position,
        _ => Length,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
